/** Read models in a SQLite file of their own; a page of them is one transaction. */
import type {
  AppliedDocument,
  Counts,
  ReadModels,
  RequestDocument,
} from '../../ports/readmodels.ts';
import type { Connection } from './connection.ts';
import { findRequests } from './readModelFind.ts';
import { prepareWriting } from './readModelPage.ts';
import * as rows from './readModelRows.ts';
import {
  emptyReadModelsFile,
  guarded,
  inodeOf,
  openReadModelsFile,
  unusable,
  type ReadModelsOptions,
} from './readModelsFile.ts';

/** Name of the file in a data folder. */
export const readModelsFile = 'readmodels.db';

/** Opens nothing yet: a file that cannot be used is reported to whoever asks something of it. */
export function openSqliteReadModels(options: ReadModelsOptions): ReadModels {
  const { path, readonly = false } = options;
  let opened: { inode: string | undefined; models: Prepared } | undefined;

  const shut = (): void => {
    opened?.models.connection.close();
    opened = undefined;
  };
  const take = (connection: Connection): Prepared => {
    opened = { inode: inodeOf(path), models: prepare(connection) };
    // What was said was said in a process that may be gone.
    if (!readonly) connection.exec('DELETE FROM statuses');
    return opened.models;
  };
  const models = (): Prepared => {
    if (opened !== undefined && inodeOf(path) !== opened.inode) {
      shut();
      if (!readonly) throw unusable(path, 'was deleted or replaced');
    }
    return opened?.models ?? take(openReadModelsFile(options));
  };
  const use = async <T>(ask: (models: Prepared) => T): Promise<T> =>
    guarded(path, () => ask(models()));

  return {
    applied: (partition) => use(({ applied }) => applied(partition)),
    apply: (page) => use(({ writing }) => writing().apply(page)),
    request: (id) => use(({ request }) => request(id)),
    find: (filter) => use(({ connection }) => findRequests(connection, filter).map(rows.toRequest)),
    jobs: (request) => use(({ jobs }) => jobs(request).map((row) => rows.toJob(request, row))),
    attempts: (request) =>
      use(({ attempts }) => attempts(request).map((row) => rows.toAttempt(request, row))),
    running: (request) => use(({ running }) => running(request ?? null).map(rows.toRunning)),
    counts: () => use(({ documents }) => sumOf(documents().map(toDocument))),
    say: (statuses) => use(({ writing }) => writing().say(statuses)),
    async clear() {
      shut();
      guarded(path, () => take(emptyReadModelsFile(options)));
    },
    async close() {
      // What is left beside the file would be read again at the next start.
      if (!readonly) opened?.models.connection.pragma('wal_checkpoint(TRUNCATE)');
      shut();
    },
  };
}

type DocumentRow = [partition: number, applied: number, counts: string];
type Prepared = ReturnType<typeof prepare>;

const ofRequest = 'WHERE request = (SELECT n FROM requests WHERE id = ?)';

/** What is asked by a request's id, but for `running`, which takes null for all. */
export const questions = {
  request: `SELECT ${rows.requestColumns} FROM requests WHERE id = ?`,
  jobs: `SELECT ${rows.jobColumns} FROM jobs ${ofRequest} ORDER BY job`,
  attempts: `SELECT ${rows.attemptColumns} FROM attempts ${ofRequest} ORDER BY job, attempt`,
  running: `
    SELECT requests.id, text, at, jobs.job, jobs.seq, jobs.name, jobs.type, jobs.state, attempts,
      jobs.started, attempted, jobs.finished, reason
    FROM jobs JOIN requests ON n = jobs.request
    LEFT JOIN statuses ON statuses.request = id AND statuses.job = jobs.job AND attempt = attempts
    WHERE jobs.state IN ('running', 'stopping', 'waiting') AND id = ifnull(?, id)
    ORDER BY jobs.started, id, jobs.job`,
} as const;

function prepare(connection: Connection) {
  const document = connection.query<DocumentRow>(
    'SELECT partition, applied, counts FROM partitions WHERE partition = ?',
  );
  const request = connection.query<rows.RequestRow>(questions.request);
  const applied = (partition: number): AppliedDocument => {
    const [row] = document(partition);
    if (row !== undefined) return toDocument(row);
    return { partition, applied: 0, counts: { requests: {}, jobs: {} } };
  };
  let writing: ReturnType<typeof prepareWriting> | undefined;
  return {
    connection,
    applied,
    writing: () => (writing ??= prepareWriting(connection, applied)),
    documents: connection.query<DocumentRow>('SELECT partition, applied, counts FROM partitions'),
    request: (id: string): RequestDocument | undefined => request(id).map(rows.toRequest)[0],
    jobs: connection.query<rows.JobRow>(questions.jobs),
    attempts: connection.query<rows.AttemptRow>(questions.attempts),
    running: connection.query<rows.RunningRow>(questions.running),
  };
}

function toDocument([partition, applied, counts]: DocumentRow): AppliedDocument {
  // A cast: this adapter alone writes the column.
  return { partition, applied, counts: JSON.parse(counts) as Counts };
}

function sumOf(documents: readonly AppliedDocument[]): Counts {
  const sum = { requests: {} as Record<string, number>, jobs: {} as Record<string, number> };
  for (const { counts } of documents) {
    for (const thing of ['requests', 'jobs'] as const) {
      for (const [state, count] of Object.entries(counts[thing]))
        sum[thing][state] = (sum[thing][state] ?? 0) + count;
    }
  }
  return sum;
}
