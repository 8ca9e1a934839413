/**
 * Tables of a millrace store in SQLite, and the check that a file is one. `application_id` says that the
 * file is ours, `user_version` which layout it has; ids are small integers because they are most of the file.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ulid } from 'ulid';
import { MillraceError } from '../../protocol/errors.ts';
import { connect, sqliteFault, type Connection } from './connection.ts';

/** `mill` in ASCII. */
const applicationId = 0x6d696c6c;

/** Layout of the tables below; a file with a higher one was written by a newer millrace. */
const schemaVersion = 1;

/** Offsets of a partition fit in this many; journal id = partition × this + offset. */
export const partitionSpan = 2 ** 40;

const tables = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE journal (
    id INTEGER PRIMARY KEY, token TEXT NOT NULL, grp TEXT, seq INTEGER NOT NULL, at INTEGER NOT NULL,
    type TEXT NOT NULL, recipient TEXT, meta TEXT, body TEXT, blob TEXT, transitions TEXT, parked TEXT
  ) STRICT;
  CREATE UNIQUE INDEX journal_group ON journal (grp, seq) WHERE grp IS NOT NULL;
  CREATE TABLE partitions (
    partition INTEGER PRIMARY KEY, released INTEGER NOT NULL, epoch TEXT NOT NULL,
    versions TEXT NOT NULL, owing TEXT NOT NULL
  ) STRICT;
  CREATE TABLE snapshots (
    grp TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, versions TEXT NOT NULL,
    parent INTEGER, hash TEXT NOT NULL, state TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX snapshots_group ON snapshots (grp, seq);
  CREATE TABLE heads (
    grp TEXT NOT NULL UNIQUE, partition INTEGER NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL,
    seq INTEGER NOT NULL, snapshot INTEGER NOT NULL, active INTEGER NOT NULL, parked TEXT,
    created INTEGER NOT NULL, updated INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX heads_active ON heads (partition, grp) WHERE active = 1;
  CREATE INDEX heads_created ON heads (created);
  CREATE TABLE timers (
    grp TEXT NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL, partition INTEGER NOT NULL,
    due INTEGER NOT NULL, PRIMARY KEY (grp, seq, n)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX timers_due ON timers (partition, due);
  CREATE TABLE blobs (hash TEXT NOT NULL, piece INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
  CREATE UNIQUE INDEX blobs_piece ON blobs (hash, piece);
`;

export type StoreOptions = {
  /** The file; its folder is made when missing. */
  path: string;
  /** Used when the file is new; an existing store keeps its own number. */
  partitions: number;
  /** Refuses every write, for looking on beside a host; default false. */
  readonly?: boolean;
  /** Refuses to create the file; default: as `readonly`. */
  fileMustExist?: boolean;
  /** The file may have this many pages of 4 KiB; default: no limit but the disk. */
  maxPages?: number;
};

export type Opened = { connection: Connection; id: string; partitions: number };

/** Opens or creates the file; MillraceError `store` when it is not a store that this version can use. */
export function openFile(options: StoreOptions): Opened {
  const { path, readonly = false, fileMustExist = readonly } = options;
  if (fileMustExist && !existsSync(path)) {
    throw new MillraceError(
      'store',
      `There is no millrace store at ${path}; start millrace there first, or name another folder with --data DIR.`,
    );
  }
  if (!readonly) mkdirSync(dirname(path), { recursive: true });
  const connection = open(path, readonly);
  try {
    prepare(connection, options);
    return { connection, ...identity(connection) };
  } catch (error) {
    connection.close();
    throw error instanceof MillraceError ? error : unreadable(path, error);
  }
}

function open(path: string, readonly: boolean): Connection {
  try {
    return connect(path, readonly);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function prepare(connection: Connection, options: StoreOptions): void {
  const { path, readonly = false, partitions, maxPages } = options;
  connection.pragma('busy_timeout = 2000');
  const isNew = isEmpty(connection);
  if (!isNew) check(connection);
  else if (readonly) throw notOurs(path);
  if (readonly) return;
  connection.pragma('journal_mode = WAL');
  connection.exec(
    'PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864',
  );
  if (isNew) create(connection, partitions);
  if (maxPages !== undefined) connection.pragma(`max_page_count = ${maxPages}`);
}

function isEmpty(connection: Connection): boolean {
  return (
    connection.query<[number]>('SELECT count(*) FROM sqlite_schema')()[0]?.[0] === 0 &&
    connection.pragma('application_id') === 0
  );
}

function check(connection: Connection): void {
  if (connection.pragma('application_id') !== applicationId) throw notOurs(connection.path);
  const version = connection.pragma('user_version');
  if (version > schemaVersion) {
    throw new MillraceError(
      'store',
      `${connection.path} was written by a newer millrace (store version ${version}; this one knows ${schemaVersion}); upgrade millrace.`,
    );
  }
}

function create(connection: Connection, partitions: number): void {
  connection.exec(`BEGIN IMMEDIATE; ${tables}`);
  const put = connection.write('INSERT INTO meta (key, value) VALUES (?, ?)');
  put('store', ulid());
  put('partitions', String(partitions));
  connection.exec(
    `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; COMMIT`,
  );
}

function identity(connection: Connection): { id: string; partitions: number } {
  const meta = new Map(connection.query<[string, string]>('SELECT key, value FROM meta')());
  const id = meta.get('store');
  const partitions = Number(meta.get('partitions'));
  if (id === undefined || !Number.isInteger(partitions) || partitions < 1)
    throw notOurs(connection.path);
  return { id, partitions };
}

function notOurs(path: string): MillraceError {
  return new MillraceError(
    'store',
    `${path} is not a millrace store; name another folder with --data DIR, or move the file away.`,
  );
}

function unreadable(path: string, cause: unknown): MillraceError {
  const code = sqliteFault(cause)?.name;
  const reason =
    code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT'
      ? 'is not a database, or is damaged; restore it from a copy, or name another folder with --data DIR'
      : `cannot be opened (${code ?? String(cause)}); check that the folder exists and may be written, or name another with --data DIR`;
  return new MillraceError('store', `${path} ${reason}.`, { cause });
}
