/**
 * What a chain begins: jobs become ready when their last parent completes, stand in the queue of their
 * type, and are started as far as `maxStarted` allows. Part of a turn (`turn.ts`).
 */
import { at } from './chunks.ts';
import { dataOf, noopType, resultsOf } from './graph.ts';
import { freshRow, isFresh, isRunnable, Queueing, readyRow } from './progress.ts';
import type { Row } from './progress.ts';
import {
  countRunning,
  countStarted,
  planOf,
  put,
  retryingAround,
  sequenceBegunBy,
} from './turn.ts';
import type { Turn } from './turn.ts';

/** Tells a complete job's children; those without an open parent become ready (specification 12.6). */
export function release(turn: Turn, job: number): void {
  for (const child of turn.children(job)) {
    const next = closeParent(turn, child);
    if (isRunnable(next) && mayBegin(turn, child)) enqueue(turn, child, next);
  }
}

/** One parent less that is not complete. */
export function closeParent(turn: Turn, child: number): Row {
  const row = turn.rows.at(child);
  const next = isFresh(row) ? freshRow(row.open - 1) : { ...row, open: row.open - 1 };
  turn.rows.set(child, next);
  return next;
}

/** Queues a runnable job, if it need not wait. */
export function makeReady(turn: Turn, job: number): void {
  if (mayBegin(turn, job)) enqueue(turn, job, turn.rows.at(job));
}

/**
 * Not in a sequence that is to be retried. The first job of a sequence that was tried before waits
 * (specification 12.3); while suspending, that wait is left to the resume (12.8).
 */
function mayBegin(turn: Turn, job: number): boolean {
  if (retryingAround(turn, job) !== undefined) return false;
  const sequence = sequenceBegunBy(turn, job);
  if (sequence === undefined || !hasToWait(turn, sequence)) return true;
  if (turn.mode === 'running') beginWait(turn, sequence);
  return false;
}

function hasToWait(turn: Turn, sequence: number): boolean {
  return turn.sequences.at(sequence).tries !== 0 && at(turn.context.sequences, sequence).waitMs > 0;
}

function beginWait(turn: Turn, sequence: number): void {
  const row = turn.sequences.at(sequence);
  if (row.waiting) return;
  turn.sequences.set(sequence, { ...row, waiting: true });
  turn.waits += 1;
  const afterMs = at(turn.context.sequences, sequence).waitMs;
  turn.effects.push({ type: 'waitSequence', sequence, afterMs });
}

/** The wait is over: the first job is queued. */
export function endWait(turn: Turn, sequence: number): void {
  clearWait(turn, sequence);
  const { first } = at(turn.context.sequences, sequence);
  enqueue(turn, first, turn.rows.at(first));
}

/** Forgets that a sequence waits; true when it did. */
export function clearWait(turn: Turn, sequence: number): boolean {
  const { waiting, ...row } = turn.sequences.at(sequence);
  if (waiting === undefined) return false;
  turn.sequences.set(sequence, row);
  turn.waits -= 1;
  return true;
}

function enqueue(turn: Turn, job: number, row: Row): void {
  const { type } = planOf(turn, job);
  let queue = turn.ready.get(type);
  if (queue === undefined) turn.ready.set(type, (queue = new Queueing(undefined)));
  turn.rows.set(job, isFresh(row) ? readyRow : { ...row, ready: true });
  queue.push(job);
}

/** Completes the no-ops that are ready, then starts what the limit per job type allows. */
export function startReady(turn: Turn): void {
  completeNoops(turn);
  for (const type of turn.ready.keys()) {
    while ((turn.started.get(type) ?? 0) < turn.context.maxStarted) {
      const job = takeReady(turn, type);
      if (job === undefined) break;
      start(turn, job);
    }
  }
}

function takeReady(turn: Turn, type: string): number | undefined {
  const queue = turn.ready.get(type);
  for (let job = queue?.take(); job !== undefined; job = queue?.take()) {
    const row = turn.rows.at(job);
    if (!row.ready) continue;
    turn.rows.set(job, { ...row, ready: false });
    if (retryingAround(turn, job) === undefined) return job;
  }
  return undefined;
}

function completeNoops(turn: Turn): void {
  const jobs: number[] = [];
  for (let job = takeReady(turn, noopType); job !== undefined; job = takeReady(turn, noopType)) {
    const { state: _state, data: _data, merged: _merged, ...row } = turn.rows.at(job);
    const data = dataOf(turn.context.jobs, rowsOf(turn), job);
    turn.answers += 1;
    countSequenceTry(turn, job);
    put(turn, job, { ...row, state: 'complete', done: turn.answers, ...asMap(data) });
    release(turn, job);
    jobs.push(job);
  }
  if (jobs.length > 0) {
    turn.effects.push({ type: 'rowsChanged', from: 'pending', to: 'complete', jobs });
  }
}

/** A no-op has no worker to join several maps, so it passes their references on. */
function asMap(data: number[]): Pick<Row, 'data' | 'merged'> {
  const [only] = data;
  if (only === undefined) return {};
  return data.length === 1 ? { data: only } : { merged: data };
}

/** The first job of a sequence counts a try of it as it starts (specification 12.3, 12.5). */
export function countSequenceTry(turn: Turn, job: number): void {
  const sequence = sequenceBegunBy(turn, job);
  if (sequence === undefined) return;
  const row = turn.sequences.at(sequence);
  turn.sequences.set(sequence, { ...row, tries: row.tries + 1 });
}

function start(turn: Turn, job: number): void {
  const row = turn.rows.at(job);
  const { name, type: jobType, args, retries, retryWaitMs, timeoutMs } = planOf(turn, job);
  countSequenceTry(turn, job);
  countStarted(turn, job, 1);
  countRunning(turn, job, 1);
  put(turn, job, { ...row, state: 'running' });
  turn.effects.push({
    type: 'startJob',
    job,
    name,
    jobType,
    args,
    retries,
    retryWaitMs,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    attempts: row.attempts,
    tries: row.tries,
    resumption: turn.resumption,
    data: dataOf(turn.context.jobs, rowsOf(turn), job),
    results: resultsOf(turn.context.jobs, rowsOf(turn), job),
  });
}

function rowsOf(turn: Turn): (job: number) => Row {
  return (job) => turn.rows.at(job);
}
