/**
 * The file of the read models: apart from the store, so that it costs the journal's thread nothing. It
 * is checked whenever it is used, for anybody may delete or replace it; nothing in it is irreplaceable.
 */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, MillraceError, TransientError } from '../../protocol/errors.ts';
import { connect, sqliteFault, type Connection } from './connection.ts';

/** `milr` in ASCII. */
const applicationId = 0x6d696c72;

/** Layout of the tables below; a file of any other is made anew. */
const layout = 4;

const tables = `
  CREATE TABLE meta (store TEXT NOT NULL) STRICT;
  CREATE TABLE partitions (
    partition INTEGER PRIMARY KEY, applied INTEGER NOT NULL, counts TEXT NOT NULL
  ) STRICT;
  CREATE TABLE requests (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, partition INTEGER NOT NULL, seq INTEGER NOT NULL,
    root TEXT NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL, args TEXT NOT NULL, user TEXT, labels TEXT,
    parked TEXT, kept INTEGER NOT NULL, counts TEXT NOT NULL, total INTEGER NOT NULL,
    resumption INTEGER NOT NULL, created INTEGER NOT NULL, started INTEGER, finished INTEGER, updated INTEGER NOT NULL,
    retries TEXT, span INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX requests_created ON requests (created DESC, id);
  CREATE INDEX requests_type ON requests (type, created DESC, id, state, user, finished);
  CREATE INDEX requests_user ON requests (user, created DESC, id, type, state, finished);
  CREATE INDEX requests_state ON requests (state, created DESC, id, type, user, finished);
  CREATE INDEX requests_span ON requests (span, created DESC, id, type, state, user, finished);
  CREATE TABLE words (
    word TEXT NOT NULL, created INTEGER NOT NULL, request INTEGER NOT NULL,
    PRIMARY KEY (word, created DESC, request)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE jobs (
    request INTEGER NOT NULL, job INTEGER NOT NULL, seq INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, started INTEGER, attempted INTEGER, finished INTEGER,
    reason TEXT, PRIMARY KEY (request, job)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX jobs_running ON jobs (started) WHERE state IN ('running', 'stopping', 'waiting');
  CREATE TABLE attempts (
    request INTEGER NOT NULL, job ANY NOT NULL, attempt INTEGER NOT NULL, seq INTEGER NOT NULL,
    name TEXT NOT NULL, type TEXT, state TEXT NOT NULL, started INTEGER, finished INTEGER, reason TEXT,
    exit ANY, stdout TEXT, stderr TEXT, PRIMARY KEY (request, job, attempt)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE statuses (
    request TEXT NOT NULL, job INTEGER NOT NULL, attempt INTEGER NOT NULL, text TEXT NOT NULL,
    at INTEGER NOT NULL, PRIMARY KEY (request, job)
  ) STRICT, WITHOUT ROWID;
`;

export type ReadModelsOptions = {
  /** The file; a writer makes it when it is missing. */
  path: string;
  /** Id of the store whose journal it is folded from. */
  store: string;
  /** For questions alone; default false. */
  readonly?: boolean;
};

/** Opens a file that is fit for use; MillraceError `store` says why one is not. */
export function openReadModelsFile({
  path,
  store,
  readonly = false,
}: ReadModelsOptions): Connection {
  if (readonly && inodeOf(path) === undefined) throw unusable(path, 'does not exist');
  return guarded(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    const connection = connect(path, readonly);
    try {
      connection.pragma('busy_timeout = 2000');
      if (!readonly) prepareToWrite(connection, store);
      check(connection, store);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  });
}

function prepareToWrite(connection: Connection, store: string): void {
  connection.pragma('journal_mode = WAL');
  // A crash of the machine may lose what came last, and never tears the file.
  connection.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000');
  connection.exec('BEGIN IMMEDIATE');
  // Another process may have made it just now.
  if (isEmpty(connection)) create(connection, store);
  connection.exec('COMMIT');
}

function isEmpty(connection: Connection): boolean {
  return connection.query<[number]>('SELECT count(*) FROM sqlite_schema')()[0]?.[0] === 0;
}

function create(connection: Connection, store: string): void {
  connection.exec(tables);
  connection.write('INSERT INTO meta (store) VALUES (?)')(store);
  connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${layout}`);
}

function check(connection: Connection, store: string): void {
  const { path } = connection;
  if (connection.pragma('application_id') !== applicationId)
    throw unusable(path, 'holds no read models');
  const found = connection.pragma('user_version');
  if (found !== layout)
    throw unusable(path, `has layout ${found}, and this millrace writes ${layout}`);
  const [row] = connection.query<[string]>('SELECT store FROM meta')();
  if (row?.[0] !== store) throw unusable(path, 'belongs to another store');
}

/** Empties a file that is fit for use in place, so that others who have it open see it; any other is made anew. */
export function emptyReadModelsFile(options: ReadModelsOptions): Connection {
  try {
    const connection = openReadModelsFile(options);
    const data = ['partitions', 'requests', 'words', 'jobs', 'attempts', 'statuses'];
    guarded(options.path, () =>
      connection.exec(
        `BEGIN IMMEDIATE; ${data.map((table) => `DELETE FROM ${table};`).join(' ')} COMMIT`,
      ),
    );
    return connection;
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'store') throw error;
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${options.path}${suffix}`, { force: true });
    return openReadModelsFile(options);
  }
}

/** Names the file behind a path; undefined when there is none. */
export function inodeOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}/${found.ino}`;
}

// SQLITE_ERROR (a table is not what it was), _CORRUPT, _NOTADB.
const damage = new Set([1, 11, 26]);

/** Runs `use`; what SQLite says of the file becomes one of our errors. */
export function guarded<T>(path: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const fault = sqliteFault(error);
    if (fault !== undefined && damage.has(fault.primary))
      throw unusable(path, `is damaged (${fault.name}: ${messageOf(error)})`, error);
    throw new TransientError(`${path} cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

export function unusable(path: string, problem: string, cause?: unknown): MillraceError {
  return new MillraceError('store', `${path} ${problem}`, { cause });
}
