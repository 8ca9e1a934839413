/** Writing read models: a page of rows, then its partition's document; and what running attempts say. */
import type { JobDocument, Page, StatusDocument } from '../../ports/readmodels.ts';
import { putHighest, removeAll, sizeOf, type BulkTarget } from './bulk.ts';
import { soon, type Connection } from './connection.ts';
import { meaningOf } from './errors.ts';
import { readModelCollectionsOf, type AppliedRow, type JobRow } from './readModelCollections.ts';
import * as rows from './readModelRows.ts';

/** So many jobs of a page are in memory as rows at a time. */
const jobsAtOnce = 2000;

export type ReadModelWriting = {
  apply(page: Page): Promise<boolean>;
  say(statuses: readonly StatusDocument[]): Promise<void>;
  /** Everything was cleared. */
  forget(): void;
};

/** How one client writes. */
export function readModelWriting(connection: Connection): ReadModelWriting {
  const { applied, jobs } = readModelCollectionsOf(connection.db);
  const to = (collection: BulkTarget['collection']): BulkTarget => ({
    connection,
    collection,
    concern: soon,
  });
  /** Attempts that said something, by the `_id` of their status. */
  const said = new Map<string, number>();

  async function putJobs(list: readonly JobDocument[]): Promise<void> {
    const all = list.map(rows.toJobRow);
    const over = all.filter((row) => isOver(row, said.get(row._id)));
    await Promise.all([
      putHighest(to('jobs'), 'row', all),
      removeAll(
        to('statuses'),
        over.map(({ _id }) => _id),
      ),
    ]);
    for (const { _id } of over) said.delete(_id);
  }

  async function putRows({ requests, jobs: list, attempts }: Page): Promise<void> {
    await Promise.all([
      putHighest(to('requests'), 'row', requests.map(rows.toRequestRow)),
      putHighest(to('attempts'), 'row', attempts.map(rows.toAttemptRow)),
    ]);
    for (const some of chunked(list, jobsAtOnce)) await putJobs(some);
  }

  /** Compare-and-set on the old offset; nobody but an insert makes the first. */
  async function putApplied(after: number, row: AppliedRow): Promise<boolean> {
    connection.writing(1, sizeOf(row));
    if (after === 0 && (await insertFirst(row))) return true;
    const { _id, ...changed } = row;
    const { matchedCount } = await connection.run('write what is applied', () =>
      applied.updateOne({ _id, applied: after }, { $set: changed }, soon),
    );
    return matchedCount === 1;
  }

  function insertFirst(row: AppliedRow): Promise<boolean> {
    return connection.run('write what is applied', async () => {
      try {
        await applied.insertOne(row, soon);
        return true;
      } catch (error) {
        if (meaningOf(error) === 'duplicate') return false;
        throw error;
      }
    });
  }

  return {
    async apply(page) {
      const { partition, after } = page;
      await putRows(page);
      return putApplied(after, {
        _id: partition,
        applied: page.applied,
        counts: JSON.stringify(page.counts),
      });
    },
    async say(statuses) {
      const told = statuses.map(rows.toStatusRow);
      const known = await connection.run('read jobs', () =>
        jobs.find({ _id: { $in: told.map(({ _id }) => _id) } }).toArray(),
      );
      const of = new Map(known.map((row) => [row._id, row]));
      const current = told.filter(({ _id, said: { attempt } }) => !isOver(of.get(_id), attempt));
      await putHighest(to('statuses'), 'said', current);
      for (const {
        _id,
        said: { attempt },
      } of current)
        said.set(_id, attempt);
    },
    forget: () => said.clear(),
  };
}

/** Whether an attempt has ended, as far as its job's row says. */
function isOver(row: JobRow | undefined, attempt: number | undefined): boolean {
  if (row === undefined || attempt === undefined) return false;
  const { attempts, state } = row.row;
  return (
    attempts > attempt || (attempts === attempt && state !== 'running' && state !== 'stopping')
  );
}

function* chunked<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
