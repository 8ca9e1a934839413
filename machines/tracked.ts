/**
 * What the world may know of a request: its rows, plain JSON, and what one entry of its journal changes
 * in them. Plain functions of `tracker.ts`; what happens to jobs is in `trackedJobs.ts`.
 */
import { toChunks } from './chunks.ts';
import type { Chunks } from './chunks.ts';
import { ends, moveJobs, openJobs, takeAnswers } from './trackedJobs.ts';

/** States are the machines' own words. */
export type TrackedRequest = {
  /** Address of the group's first actor: `chain/main`, or one of the user's own. */
  root: string;
  /** The chain's type, else the kind of the first actor. */
  type: string;
  state: string;
  /** Of the newest entry. */
  seq: number;
  /** JSON text. */
  args: string;
  user?: string;
  labels?: Readonly<Record<string, string>>;
  /** The request that it retries. */
  retryOf?: string;
  /** Why its messages are kept unstepped, and how many are. */
  parked?: string;
  kept: number;
  /** Jobs by state; a state that no job is in is left out. */
  counts: Readonly<Record<string, number>>;
  total: number;
  /** How often it was resumed. */
  resumption: number;
  /** Epoch milliseconds, as all that end in `At`. */
  createdAt: number;
  startedAt?: number;
  finishedAt?: number;
  updatedAt: number;
};

export type TrackedJob = {
  name: string;
  type: string;
  state: string;
  /** Running total of attempts; while one runs, its number. One that a stopped retry wait was for counts (specification 12.4). */
  attempts: number;
  /** Of its first attempt since it last was pending. */
  startedAt?: number;
  /** Of its newest attempt. */
  attemptAt?: number;
  finishedAt?: number;
  /** Why its last attempt failed. */
  reason?: string;
};

/** A row of the job log. */
export type TrackedAttempt = {
  /** Number of the job; for an attempt of a user's own actor `kind/id:key`. */
  job: number | string;
  name: string;
  /** Job type; an own actor's is not in the journal. */
  type?: string;
  attempt: number;
  state: string;
  startedAt?: number;
  finishedAt?: number;
  reason?: string;
  exit?: number | string;
  stdout?: string;
  stderr?: string;
};

/** One transition: actors by their ids, numbered ones also in ranges. */
export type Move = {
  kind: string;
  ids: readonly (string | readonly [first: number, last: number])[];
  from: string;
  to: string;
};

/** What an answer of an attempt says of it. */
export type Answer = {
  outcome: 'succeeded' | 'failed' | 'stopped';
  to: string;
  key: string;
  attempt: number;
  reason?: string;
  exit?: number | string;
  stdout?: string;
  stderr?: string;
};

/** What a chain was created with. */
export type Creation = Pick<TrackedRequest, 'type' | 'args' | 'user' | 'labels' | 'retryOf'> & {
  jobs: readonly { name: string; type: string }[];
};

export type Stepped = {
  seq: number;
  at: number;
  moves: readonly Move[];
  creation?: Creation;
  /** The answer that it is, or those that were kept until this unpark. */
  answers?: readonly Answer[];
  /** The unpark set aside what threw. */
  isSkipping?: boolean;
};

export type TrackerContext = { request: TrackedRequest; jobs: Chunks<TrackedJob> };

/** Rows that an entry changed. */
export type Changes = { jobs: readonly number[] | 'all'; attempts: readonly TrackedAttempt[] };

/** A group that nothing is known of but the address of its first actor. */
export function untracked(root: string): TrackerContext {
  const request: TrackedRequest = {
    root,
    type: kindOf(root),
    state: 'pending',
    seq: 0,
    args: 'null',
    kept: 0,
    counts: {},
    total: 0,
    resumption: 0,
    createdAt: 0,
    updatedAt: 0,
  };
  return { request, jobs: toChunks([]) };
}

/** The context after an entry that was stepped, and the rows that it changed. */
export function follow(
  before: TrackerContext,
  entry: Stepped,
): { context: TrackerContext; changes: Changes } {
  const { request, jobs } = entry.creation === undefined ? before : created(before, entry.creation);
  const turn = openJobs(jobs, request.counts, entry);
  moveJobs(turn, entry.moves);
  takeAnswers(turn);
  const { parked: _, ...rest } = moved(request, entry);
  return {
    context: {
      request: { ...rest, counts: positive(turn.counts), kept: 0, ...stamp(request, entry) },
      jobs: turn.jobs.done(),
    },
    changes: {
      jobs: entry.creation === undefined ? [...turn.touched.keys()] : 'all',
      attempts: turn.attempts,
    },
  };
}

/** The context after an entry that was kept because its group is parked. */
export function keep(
  { request, jobs }: TrackerContext,
  entry: { seq: number; at: number; reason: string },
): TrackerContext {
  const { kept } = request;
  return {
    request: { ...request, parked: entry.reason, kept: kept + 1, ...stamp(request, entry) },
    jobs,
  };
}

function stamp(
  { seq: before, createdAt }: TrackedRequest,
  { seq, at }: { seq: number; at: number },
) {
  return { seq, createdAt: before === 0 ? at : createdAt, updatedAt: at };
}

function positive(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

function created({ request }: TrackerContext, { jobs, ...creation }: Creation): TrackerContext {
  const rows = jobs.map(({ name, type }): TrackedJob => ({
    name,
    type,
    state: 'pending',
    attempts: 0,
  }));
  const counts = { pending: rows.length };
  return {
    request: Object.assign({}, request, creation, { counts, total: rows.length }),
    jobs: toChunks(rows),
  };
}

/** Whether nothing more is expected of a request. */
export function isOver({ state, parked }: TrackedRequest): boolean {
  return ends.has(state) && parked === undefined;
}

function moved(before: TrackedRequest, { moves, at }: Stepped): TrackedRequest {
  const request = Object.assign({}, before);
  for (const { kind, ids, from, to } of moves) {
    if (!ids.some((id) => `${kind}/${String(id)}` === request.root)) continue;
    request.state = to;
    if (to === 'running') request.startedAt ??= at;
    if (ends.has(to)) request.finishedAt = at;
    else delete request.finishedAt;
    // A resumed chain with nothing left to do ends in the same turn.
    if (from === 'suspended' && to !== 'stopped') request.resumption += 1;
  }
  return request;
}

function kindOf(address: string): string {
  return address.slice(0, Math.max(0, address.indexOf('/')));
}
