/**
 * What each event does to a chain, as (context, event) → context and effects; `chain.ts` says in which
 * state which of them is taken.
 */
import { carryOver } from './carried.ts';
import type { CarriedJob, RetryOf } from './carried.ts';
import { asChunks, toChunks } from './chunks.ts';
import type { PlanJob, PlanList, PlanSequence } from './graph.ts';
import { hasFailed, isComplete, isDone, isIdle, isRunnable, noProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { abandonAll, finishJob, resumeAll, stopAll, withReason } from './sequences.ts';
import { endWait, makeReady, startReady } from './starting.ts';
import { countStarted, takeTurn } from './turn.ts';
import type { ChainContext, ChainState, JobFinished, Mode, Turn, Turned } from './turn.ts';

export type ChainCreate = {
  type: 'chain.create';
  plan: {
    jobs: PlanList<PlanJob>;
    sequences: PlanList<PlanSequence>;
    maxStarted: number;
  };
  requestType: string;
  args: unknown;
  user?: string;
  labels?: Readonly<Record<string, string>>;
  /** A request that is suspended for longer fails; default: never. */
  suspendedTtlMs?: number;
  /** Of a request that retries another: jobs that are complete already, in the order in which they became so. */
  carried?: PlanList<CarriedJob>;
  retryOf?: RetryOf;
};

/** A job begins or ends a retry wait, in which no attempt of it is unanswered. */
export type JobWait = { type: 'job.waiting' | 'job.retrying'; job: number };

/** A chain before its plan has come. */
export function emptyContext(): ChainContext {
  const none = {
    jobs: toChunks<PlanJob>([]),
    sequences: toChunks<PlanSequence>([]),
    maxStarted: 0,
  };
  return {
    requestType: '',
    args: null,
    ...none,
    progress: noProgress(none.jobs, none.sequences),
    resumption: 0,
    reasons: [],
  };
}

/** A new chain: all jobs pending but those carried over; those without open parents begin (specification 12.3). */
export function create(event: ChainCreate): Turned {
  return takeTurn(created(event), 'running', (turn) => {
    if (event.carried !== undefined) carryOver(turn, event.carried);
    begin(turn);
  });
}

function created(event: ChainCreate): ChainContext {
  const { plan, requestType, args, user, labels, suspendedTtlMs, retryOf } = event;
  const jobs = asChunks(plan.jobs);
  const sequences = asChunks(plan.sequences);
  return {
    requestType,
    args,
    ...(user === undefined ? {} : { user }),
    ...(labels === undefined ? {} : { labels }),
    ...(suspendedTtlMs === undefined ? {} : { suspendedTtlMs }),
    ...(retryOf === undefined ? {} : { retryOf }),
    jobs,
    sequences,
    maxStarted: plan.maxStarted,
    progress: noProgress(jobs, sequences),
    resumption: 0,
    reasons: [],
  };
}

function begin(turn: Turn): void {
  for (let job = 0; job < turn.rows.size; job += 1) {
    if (isRunnable(turn.rows.at(job))) makeReady(turn, job);
  }
  startReady(turn);
}

/** A job has answered (specification 12.6 to 12.8). */
export function finish(context: ChainContext, mode: Mode, event: JobFinished): Turned {
  return goOn(context, mode, (turn) => {
    finishJob(turn, event);
  });
}

/** Jobs in a retry wait do not count as started (architecture, section 6, Large chains). */
export function changeWait(context: ChainContext, mode: Mode, { type, job }: JobWait): Turned {
  return goOn(context, mode, (turn) => {
    countWait(turn, job, type === 'job.waiting');
  });
}

function countWait(turn: Turn, job: number, isWaiting: boolean): void {
  const { waiting, ...row } = turn.rows.at(job);
  if (isWaiting === (waiting === true)) return;
  turn.rows.set(job, isWaiting ? { ...row, waiting: true } : row);
  countStarted(turn, job, isWaiting ? -1 : 1);
}

/** A sequence's retry wait is over (specification 12.3). */
export function beginWaited(context: ChainContext, sequence: number): Turned {
  return goOn(context, 'running', (turn) => {
    endWait(turn, sequence);
  });
}

/** Stop or suspend (specification 12.7, 12.8). */
export function halt(context: ChainContext, mode: Mode): Turned {
  return answered(mode, takeTurn(context, mode, stopAll));
}

/** The stop deadline (specification 12.7). */
export function abandon(context: ChainContext, mode: Mode): Turned {
  return takeTurn(context, mode, abandonAll);
}

/** A suspended chain goes on (specification 12.8). */
export function resume(context: ChainContext): Turned {
  return answered('running', goOn(context, 'running', resumeAll));
}

/** Nobody has resumed it in time (specification 11, cleanup). */
export function noteExpiry({ reasons, suspendedTtlMs }: ChainContext): Partial<ChainContext> {
  const reason = `it was suspended for longer than ${suspendedTtlMs} ms (suspendedTtlMs)`;
  return { reasons: withReason(reasons, { reason }) };
}

/** After each change a running chain begins what has become possible; another begins nothing. */
function goOn(context: ChainContext, mode: Mode, change: (turn: Turn) => void): Turned {
  return takeTurn(context, mode, (turn) => {
    change(turn);
    if (mode === 'running') startReady(turn);
  });
}

function answered(mode: Mode, { context, effects }: Turned): Turned {
  const state = settled(mode, context.progress);
  return { context, effects: [...effects, { type: 'answer', ok: true, state }] };
}

/** Where the chain is once the table's `always` has spoken: what a command's answer names. */
function settled(mode: Mode, progress: Progress): ChainState {
  if (mode === 'running' ? !isDone(progress) : !isIdle(progress)) return mode;
  if (isComplete(progress)) return 'complete';
  if (mode === 'running' || hasFailed(progress)) return 'failed';
  return mode === 'stopping' ? 'stopped' : 'suspended';
}
