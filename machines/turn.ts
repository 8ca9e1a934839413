/**
 * A chain's progress while one event changes it: drafts that are opened, changed by `starting.ts` and
 * `sequences.ts`, and closed once, together with the effects that the change asks for.
 */
import type { RetryOf } from './carried.ts';
import { at, Editing } from './chunks.ts';
import type { Chunks, Draft } from './chunks.ts';
import { childrenOf } from './graph.ts';
import type { Children, PlanJob, PlanSequence } from './graph.ts';
import type { JobOutcome, JobStart } from './job.ts';
import { Queueing } from './progress.ts';
import type { Progress, Queue, Row, RowState, SequenceRow } from './progress.ts';

/** What an open chain is doing: stopping and suspending begin nothing new. */
export type Mode = 'running' | 'stopping' | 'suspending';

export type ChainState = 'pending' | Mode | 'suspended' | 'complete' | 'failed' | 'stopped';

/** Plain JSON; user data is in it only as value references. */
export type ChainContext = {
  requestType: string;
  args: unknown;
  user?: string;
  labels?: Readonly<Record<string, string>>;
  /** A request that is suspended for longer fails; default: never. */
  suspendedTtlMs?: number;
  /** The request that it retries. */
  retryOf?: RetryOf;
  jobs: Chunks<PlanJob>;
  sequences: Chunks<PlanSequence>;
  maxStarted: number;
  progress: Progress;
  /** How often the request was resumed. */
  resumption: number;
  /** The last failures: at most 20, each cut at 1024 characters. */
  reasons: readonly Reason[];
};

/** Why something failed: a job, or the request itself. */
export type Reason = { job?: number; reason: string };

/** What the chain asks of its jobs and the world; actors/chain.ts says how each is answered. */
export type ChainEffect =
  | ({ type: 'startJob' } & Omit<JobStart, 'type'>)
  | { type: 'tellJob'; job: number; event: 'job.stop' | 'job.exhaust' | 'job.abandon' }
  | { type: 'waitSequence'; sequence: number; afterMs: number }
  | { type: 'clearSequence'; sequence: number }
  | { type: 'waitExpiry'; afterMs: number }
  | { type: 'clearExpiry' }
  /** Changes of rows that no job actor shows: no-op completions, rollbacks, resets by a resume. */
  | { type: 'rowsChanged'; from: RowState; to: RowState; jobs: number[] }
  | { type: 'answer'; ok: boolean; state: ChainState; message?: string }
  | { type: 'ended'; state: 'complete' | 'failed' | 'stopped' };

export type JobFinished = {
  type: 'job.finished';
  job: number;
  outcome: JobOutcome;
  tries: number;
  result?: number;
  data?: number;
  reason?: string;
};

export type Turn = {
  readonly mode: Mode;
  readonly context: ChainContext;
  readonly children: Children;
  readonly rows: Draft<Row>;
  readonly sequences: Draft<SequenceRow>;
  readonly ready: Map<string, Queueing>;
  readonly started: Map<string, number>;
  readonly counts: Record<RowState, number>;
  waits: number;
  answers: number;
  resumption: number;
  reasons: readonly Reason[];
  readonly effects: ChainEffect[];
};

/** What an event has made of a chain. */
export type Turned = { context: ChainContext; effects: ChainEffect[] };

/** Opens the drafts, changes them, and closes them: one copy of what is touched, in one event. */
export function takeTurn(context: ChainContext, mode: Mode, change: (turn: Turn) => void): Turned {
  const { progress } = context;
  const rows = new Editing(progress.rows);
  const sequences = new Editing(progress.sequences);
  const ready = new Map<string, Queueing>();
  for (const type in progress.ready) ready.set(type, new Queueing(progress.ready[type]));
  const started = new Map<string, number>();
  for (const type in progress.started) started.set(type, progress.started[type] ?? 0);
  const turn: Turn = {
    mode,
    context,
    children: childrenOf(context.jobs),
    rows,
    sequences,
    ready,
    started,
    counts: { ...progress.counts },
    waits: progress.waits,
    answers: progress.answers,
    resumption: context.resumption,
    reasons: context.reasons,
    effects: [],
  };
  change(turn);
  const { resumption, reasons, effects } = turn;
  const after = closed(turn, rows.done(), sequences.done());
  return { context: { ...context, progress: after, resumption, reasons }, effects };
}

function closed(turn: Turn, rows: Chunks<Row>, sequences: Chunks<SequenceRow>): Progress {
  const ready: Record<string, Queue> = {};
  for (const [type, queueing] of turn.ready) {
    const queue = queueing.done();
    if (queue !== undefined) ready[type] = queue;
  }
  const started: Record<string, number> = {};
  for (const [type, count] of turn.started) if (count > 0) started[type] = count;
  return {
    rows,
    sequences,
    ready,
    started,
    counts: turn.counts,
    waits: turn.waits,
    answers: turn.answers,
  };
}

export function planOf(turn: Turn, job: number): PlanJob {
  return at(turn.context.jobs, job);
}

/** Puts a row in its place and keeps the counts per state right. */
export function put(turn: Turn, job: number, row: Row): void {
  turn.counts[turn.rows.at(job).state] -= 1;
  turn.counts[row.state] += 1;
  turn.rows.set(job, row);
}

/** Unanswered attempts of the job's type. */
export function countStarted(turn: Turn, job: number, by: 1 | -1): void {
  const { type } = planOf(turn, job);
  turn.started.set(type, (turn.started.get(type) ?? 0) + by);
}

/** Running jobs of the job's sequence and of those around it. */
export function countRunning(turn: Turn, job: number, by: 1 | -1): void {
  for (const sequence of enclosing(turn, planOf(turn, job).sequence)) {
    const row = turn.sequences.at(sequence);
    turn.sequences.set(sequence, { ...row, running: row.running + by });
  }
}

/** A sequence and those around it, from the innermost. */
function enclosing(turn: Turn, sequence: number | undefined): number[] {
  const list: number[] = [];
  for (let next = sequence; next !== undefined; next = at(turn.context.sequences, next).parent) {
    list.push(next);
  }
  return list;
}

/** The sequence that the job is the first of. */
export function sequenceBegunBy(turn: Turn, job: number): number | undefined {
  const { sequence } = planOf(turn, job);
  if (sequence === undefined) return undefined;
  return at(turn.context.sequences, sequence).first === job ? sequence : undefined;
}

/** The outermost sequence around the job that is to be retried; it and all in it begin nothing. */
export function retryingAround(turn: Turn, job: number): number | undefined {
  const { sequence } = planOf(turn, job);
  if (sequence === undefined) return undefined;
  const around = enclosing(turn, sequence);
  return around.findLast((sequence) => turn.sequences.at(sequence).retrying !== undefined);
}
