/**
 * Collections of the read models: their documents, the indexes, and which index answers which question.
 * They may be dropped at any time; the tracker makes them again from the journal.
 */
import type { Db } from 'mongodb';
import type {
  AttemptDocument,
  JobDocument,
  RequestDocument,
  RequestFilter,
  StatusDocument,
} from '../../ports/readmodels.ts';
import type { Version } from './bulk.ts';
import type { IndexRule } from './collections.ts';
import { wordOf } from '../../ports/findWords.ts';

/** Of two versions of `row` the higher is kept. */
type Row<T> = { _id: string; row: { seq: number } & Version & T };

/** `_id`: the request. */
export type RequestRow = Row<
  Omit<RequestDocument, 'id' | 'seq' | 'labels' | 'counts'> & {
    /** JSON texts. */
    labels?: string;
    counts: string;
    /** What it can be found by: its arguments and labels, `arg dir=src`. */
    words: readonly string[];
  }
>;

/** `_id`: request/job, `01K4…/000000012`. */
export type JobRow = Row<Omit<JobDocument, 'request' | 'job' | 'seq'>>;

/** `_id`: request/job/attempt. */
export type AttemptRow = Row<Omit<AttemptDocument, 'request' | 'seq'>>;

/** `_id`: request/job. Of two versions of `said` the higher is kept. */
export type StatusRow = {
  _id: string;
  said: Pick<StatusDocument, 'attempt'> & Version & Pick<StatusDocument, 'text' | 'at'>;
};

/** `_id`: the partition. */
export type AppliedRow = {
  _id: number;
  applied: number;
  /** JSON text. */
  counts: string;
};

/** `_id`: `layout`. */
export type LayoutRow = { _id: string; layout: number };

/** Layout of these documents; what has any other is made anew. */
export const layout = 1;

const newest = { 'row.createdAt': -1, _id: 1 } as const;

export const readModelIndexes = {
  requests: [
    { name: 'newest', key: newest },
    { name: 'type', key: { 'row.type': 1, ...newest } },
    { name: 'user', key: { 'row.user': 1, ...newest } },
    { name: 'state', key: { 'row.state': 1, ...newest } },
    { name: 'words', key: { 'row.words': 1, ...newest } },
    { name: 'finished', key: { 'row.finishedAt': 1, ...newest } },
  ],
  jobs: [{ name: 'running', key: { 'row.state': 1, 'row.startedAt': 1, _id: 1 } }],
  attempts: [],
  statuses: [],
  applied: [],
  layouts: [],
} as const satisfies Readonly<Record<string, readonly IndexRule[]>>;

/** The collections of the read models, typed. */
export function readModelCollectionsOf(db: Db) {
  return {
    requests: db.collection<RequestRow>('requests'),
    jobs: db.collection<JobRow>('jobs'),
    attempts: db.collection<AttemptRow>('attempts'),
    statuses: db.collection<StatusRow>('statuses'),
    applied: db.collection<AppliedRow>('applied'),
    layouts: db.collection<LayoutRow>('layouts'),
  };
}

export type ReadModelCollections = ReturnType<typeof readModelCollectionsOf>;

/** A question: its filter and order, and the index that answers it, `_id_` where `_id` does. */
export type Question = {
  collection: keyof ReadModelCollections;
  filter: Readonly<Record<string, unknown>>;
  sort: Readonly<Record<string, 1 | -1>>;
  index: string;
};

/** Every question that the port asks of more than one document. */
export const questions = {
  find: (filter: RequestFilter): Question => ({
    collection: 'requests',
    filter: conditionsOf(filter),
    sort: newest,
    index: indexFor(filter),
  }),
  jobs: (request: string): Question => ofRequest('jobs', request),
  attempts: (request: string): Question => ofRequest('attempts', request),
  statuses: (request: string): Question => ofRequest('statuses', request),
  running: (): Question => ({
    collection: 'jobs',
    filter: { 'row.state': { $in: begun } },
    sort: { 'row.startedAt': 1, _id: 1 },
    index: 'running',
  }),
  runningOf: (request: string): Question => {
    const { filter, ...rest } = ofRequest('jobs', request);
    return { ...rest, filter: { ...filter, 'row.state': { $in: begun } } };
  },
};

/** States of a job that has begun and not ended. */
const begun = ['running', 'stopping', 'waiting'];

function ofRequest(collection: Question['collection'], request: string): Question {
  const filter = { _id: { $gt: `${request}/`, $lt: `${request}0` } };
  return { collection, filter, sort: { _id: 1 }, index: '_id_' };
}

function conditionsOf(filter: RequestFilter): Record<string, unknown> {
  const { type, user, states, args = {}, labels = {}, since, until } = filter;
  const words = [
    ...Object.entries(args).map((pair) => wordOf('arg', pair)),
    ...Object.entries(labels).map((pair) => wordOf('label', pair)),
  ];
  return {
    ...(type !== undefined && { 'row.type': type }),
    ...(user !== undefined && { 'row.user': user }),
    ...(states !== undefined && { 'row.state': { $in: [...states] } }),
    ...(words.length > 0 && { 'row.words': { $all: words } }),
    ...(since !== undefined && {
      $or: [{ 'row.finishedAt': null }, { 'row.finishedAt': { $gt: since } }],
    }),
    ...(until !== undefined && { 'row.createdAt': { $lt: until } }),
  };
}

/** Of the conditions given the one that leaves least; servers choose for themselves, and have it to choose. */
function indexFor({ type, user, states, args = {}, labels = {}, since }: RequestFilter): string {
  if (Object.keys(args).length + Object.keys(labels).length > 0) return 'words';
  if (user !== undefined) return 'user';
  if (type !== undefined) return 'type';
  if (states !== undefined) return 'state';
  return since === undefined ? 'newest' : 'finished';
}
