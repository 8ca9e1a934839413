/**
 * Read models in MongoDB, in the database of their store: a document a row, stored where its seq is not
 * lower. Not durable, as the journal is: what a crash takes, the tracker folds again.
 */
import { MillraceError } from '../../protocol/errors.ts';
import type {
  AppliedDocument,
  Counts,
  ReadModels,
  RunningDocument,
} from '../../ports/readmodels.ts';
import { prepareIndexes } from './collections.ts';
import {
  connect,
  soon,
  type Connection,
  type ConnectionOptions,
  type Traffic,
} from './connection.ts';
import { isNoCollection, meaningOf } from './errors.ts';
import * as collections from './readModelCollections.ts';
import type {
  AppliedRow,
  AttemptRow,
  JobRow,
  Question,
  RequestRow,
  StatusRow,
} from './readModelCollections.ts';
import * as rows from './readModelRows.ts';
import { readModelWriting } from './readModelWriting.ts';

const { layout, questions } = collections;

/**
 * Opens the read models beside a store, making their indexes unless `readonly`. Rejects as `openMongoStore`
 * does; read models of another layout are reported by `applied`, and made anew by `clear`.
 */
export async function openMongoReadModels(
  options: ConnectionOptions,
): Promise<ReadModels & { stats(): Traffic }> {
  const connection = await connect(options);
  try {
    if (options.readonly !== true) await prepare(connection);
    return readModelsOn(connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function readModelsOn(connection: Connection): ReadModels & { stats(): Traffic } {
  const { requests, applied } = collections.readModelCollectionsOf(connection.db);
  const writing = readModelWriting(connection);
  const ask = <T>(question: Question, limits?: Limits) => answer<T>(connection, question, limits);

  return {
    async applied(partition) {
      await checkLayout(connection);
      const found = await connection.run(`read what is applied of partition ${partition}`, () =>
        applied.findOne({ _id: partition }),
      );
      if (found !== null) return toApplied(found);
      return { partition, applied: 0, counts: { requests: {}, jobs: {} } };
    },
    apply: (page) => writing.apply(page),
    say: (statuses) => writing.say(statuses),
    async request(id) {
      const found = await connection.run(`read request ${id}`, () => requests.findOne({ _id: id }));
      return found === null ? undefined : rows.toRequest(found);
    },
    async find(filter) {
      // The driver reads 0 as no limit.
      if (filter.limit === 0) return [];
      return (await ask<RequestRow>(questions.find(filter), filter)).map(rows.toRequest);
    },
    jobs: async (request) => (await ask<JobRow>(questions.jobs(request))).map(rows.toJob),
    async attempts(request) {
      const found = await ask<AttemptRow>(questions.attempts(request));
      return found.map(rows.toAttempt).sort(rows.byJobAndAttempt);
    },
    async running(request) {
      const question = request === undefined ? questions.running() : questions.runningOf(request);
      const found = await ask<JobRow>(question);
      const said = await saidBy(connection, found);
      return found
        .map((row) => withText(row, said.get(row._id)))
        .sort((one, other) => (one.startedAt ?? 0) - (other.startedAt ?? 0));
    },
    async counts() {
      const found = await connection.run('read the counts', () => applied.find().toArray());
      return sumOf(found.map(toApplied));
    },
    async clear() {
      for (const name of Object.keys(collections.readModelIndexes)) await drop(connection, name);
      await prepare(connection);
      writing.forget();
    },
    close: () => connection.close(),
    stats: () => ({ ...connection.traffic }),
  };
}

type Limits = { limit?: number; offset?: number };

/** A cast: this adapter alone writes these collections. */
function answer<T>(
  connection: Connection,
  { collection, filter, sort }: Question,
  { limit, offset = 0 }: Limits = {},
): Promise<T[]> {
  return connection.run(`read ${collection}`, () => {
    const cursor = connection.db.collection(collection).find(filter).sort(sort).skip(offset);
    return (limit === undefined ? cursor : cursor.limit(limit)).toArray() as unknown as Promise<
      T[]
    >;
  });
}

/** What running jobs say, by the `_id` of their rows. */
async function saidBy(
  connection: Connection,
  jobs: readonly JobRow[],
): Promise<Map<string, StatusRow['said']>> {
  if (jobs.length === 0) return new Map();
  const { statuses } = collections.readModelCollectionsOf(connection.db);
  const found = await connection.run('read statuses', () =>
    statuses.find({ _id: { $in: jobs.map(({ _id }) => _id) } }).toArray(),
  );
  return new Map(found.map(({ _id, said }) => [_id, said]));
}

function withText(row: JobRow, said: StatusRow['said'] | undefined): RunningDocument {
  const job = rows.toJob(row);
  if (said?.attempt !== job.attempts) return job;
  return { ...job, text: said.text, saidAt: said.at };
}

/** What was said so long ago was said in a process that is gone. */
const forgottenAfterMs = 7 * 24 * 3600 * 1000;

/** Indexes, and the layout where none is said. */
async function prepare(connection: Connection): Promise<void> {
  const { layouts, statuses } = collections.readModelCollectionsOf(connection.db);
  await prepareIndexes(connection, collections.readModelIndexes);
  await connection.run('forget old statuses', () =>
    statuses.deleteMany({ 'said.at': { $lt: Date.now() - forgottenAfterMs } }, soon),
  );
  await connection.run('write the layout of the read models', async () => {
    try {
      await layouts.insertOne({ _id: 'layout', layout }, soon);
    } catch (error) {
      if (meaningOf(error) !== 'duplicate') throw error;
    }
  });
}

async function checkLayout(connection: Connection): Promise<void> {
  const { layouts } = collections.readModelCollectionsOf(connection.db);
  const found = await connection.run('read the layout of the read models', () =>
    layouts.findOne({ _id: 'layout' }),
  );
  if (found === null || found.layout === layout) return;
  throw new MillraceError(
    'store',
    `The read models in MongoDB at ${connection.name} have layout ${found.layout}, and this millrace writes ${layout}`,
  );
}

function drop(connection: Connection, name: string): Promise<unknown> {
  return connection.run(`drop ${name}`, async () => {
    try {
      await connection.db.collection(name).drop();
    } catch (error) {
      if (!isNoCollection(error)) throw error;
    }
  });
}

function toApplied({ _id, applied, counts }: AppliedRow): AppliedDocument {
  // A cast: this adapter alone writes the field.
  return { partition: _id, applied, counts: JSON.parse(counts) as Counts };
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
