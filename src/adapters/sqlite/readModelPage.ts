/** Writing read models: a page of rows and its partition's document, and what running attempts say. */
import type { AppliedDocument, JobDocument, Page, StatusDocument } from '../../ports/readmodels.ts';
import type { Connection, Value } from './connection.ts';
import { prepareRequests, upsert } from './readModelRequests.ts';
import type { Upsert } from './readModelRequests.ts';
import * as rows from './readModelRows.ts';

/** How one connection writes. */
export type Writing = {
  apply(page: Page): boolean;
  say(statuses: readonly StatusDocument[]): void;
};

export function prepareWriting(
  connection: Connection,
  applied: (partition: number) => AppliedDocument,
): Writing {
  const putRequest = prepareRequests(connection);
  const toJobs = prepareMany(connection, {
    table: 'jobs',
    columns: `request, ${rows.jobColumns}`,
    key: ['request', 'job'],
  });
  const toAttempts = prepareMany(connection, {
    table: 'attempts',
    columns: `request, ${rows.attemptColumns}`,
    key: ['request', 'job', 'attempt'],
    // A number that JavaScript hands over is a float to SQLite where a column takes anything.
    stored: (column, of) =>
      column === 'job' ? `iif(typeof(${of}) = 'real', CAST(${of} AS INTEGER), ${of})` : of,
  });
  const putDocument = connection.write(`
    INSERT INTO partitions (partition, applied, counts) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET applied = excluded.applied, counts = excluded.counts`);
  const putStatus = connection.write(`
    INSERT INTO statuses (request, job, attempt, text, at) SELECT ?1, ?2, ?3, ?4, ?5
    WHERE NOT EXISTS (
      SELECT 1 FROM jobs WHERE request = (SELECT n FROM requests WHERE id = ?1) AND job = ?2
        AND (attempts > ?3 OR attempts = ?3 AND state NOT IN ('running', 'stopping')))
    ON CONFLICT DO UPDATE SET attempt = excluded.attempt, text = excluded.text, at = excluded.at`);
  const dropStatus = connection.write('DELETE FROM statuses WHERE request = ? AND job = ?');
  /** Attempts that said something. */
  const said = new Map<string, number>();

  const forgetStatus = ({ request, job, attempts, state }: JobDocument): void => {
    const attempt = said.get(`${request}/${job}`);
    if (attempt === undefined || attempt > attempts) return;
    if (attempt === attempts && (state === 'running' || state === 'stopping')) return;
    said.delete(`${request}/${job}`);
    dropStatus(request, job);
  };

  const putRows = ({ requests, jobs, attempts }: Page): void => {
    const numbers = new Map<string, number>();
    for (const request of requests) numbers.set(request.id, putRequest(request));
    const jobRows = toJobs();
    for (const job of jobs) {
      jobRows.put([numbers.get(job.request) ?? 0, ...rows.toJobRow(job)]);
      if (said.size > 0) forgetStatus(job);
    }
    jobRows.end();
    const attemptRows = toAttempts();
    for (const attempt of attempts)
      attemptRows.put([numbers.get(attempt.request) ?? 0, ...rows.toAttemptRow(attempt)]);
    attemptRows.end();
  };

  return {
    apply: (page) =>
      inTransaction(connection, () => {
        if (applied(page.partition).applied !== page.after) return false;
        putRows(page);
        putDocument(page.partition, page.applied, JSON.stringify(page.counts));
        return true;
      }),
    say(statuses) {
      inTransaction(connection, () => {
        for (const { request, job, attempt, text, at } of statuses) {
          if (putStatus(request, job, attempt, rows.printable(text), at) > 0)
            said.set(`${request}/${job}`, attempt);
        }
        return true;
      });
    },
  };
}

/** A statement for so many rows costs half of as many statements. */
const rowsAtOnce = 16;

/** Rows on their way into one table. */
type Rows = {
  put(row: Value[]): void;
  /** Writes what is left. */
  end(): void;
};

function prepareMany(connection: Connection, into: Upsert): () => Rows {
  const one = connection.write(upsert(1, into));
  const many = connection.write(upsert(rowsAtOnce, into));
  return () => {
    let waiting: Value[][] = [];
    return {
      put(row) {
        waiting.push(row);
        if (waiting.length < rowsAtOnce) return;
        const values: Value[] = [];
        for (const each of waiting) values.push(...each);
        many(...values);
        waiting = [];
      },
      end() {
        for (const row of waiting) one(...row);
        waiting = [];
      },
    };
  };
}

/** Commits when `write` answers true, else takes back what it wrote. */
function inTransaction(connection: Connection, write: () => boolean): boolean {
  connection.exec('BEGIN IMMEDIATE');
  try {
    const isDone = write();
    connection.exec(isDone ? 'COMMIT' : 'ROLLBACK');
    return isDone;
  } catch (error) {
    if (connection.inTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}
