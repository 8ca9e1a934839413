/**
 * What a job's answer does to a chain: counters, sequence retry and its rollback; and what stop,
 * suspend and resume do to the jobs. Part of a turn (`turn.ts`).
 */
import { at } from './chunks.ts';
import { canRetrySequence, rollbackSet } from './graph.ts';
import { isRunnable } from './progress.ts';
import type { Row, RowState } from './progress.ts';
import { clearWait, makeReady, release } from './starting.ts';
import {
  countRunning,
  countStarted,
  planOf,
  put,
  retryingAround,
  sequenceBegunBy,
} from './turn.ts';
import type { JobFinished, Reason, Turn } from './turn.ts';

const maxReasons = 20;
const maxReasonLength = 1024;

/** A running job has answered (specification 12.6; stopping 12.7, suspending 12.8). */
export function finishJob(turn: Turn, finished: JobFinished): void {
  const { job, outcome } = finished;
  const row = turn.rows.at(job);
  turn.answers += 1;
  if (row.waiting === undefined) countStarted(turn, job, -1);
  countRunning(turn, job, -1);
  put(turn, job, answered(row, finished, turn.answers));
  if (outcome === 'complete') release(turn, job);
  if (outcome === 'failed') fail(turn, job, finished.reason);
  rollBackWhenQuiet(turn, job);
}

/** A run's tries count; what it wrote stays, and a complete job's map is what it passes on. */
function answered(row: Row, { outcome, tries, result, data }: JobFinished, done: number): Row {
  const { open, ready, merged } = row;
  const [attempts, sinceRetry] = [row.attempts + tries, row.tries + tries];
  const next: Row = { state: outcome, attempts, tries: sinceRetry, open, ready };
  const isNew = outcome === 'complete' || data !== undefined;
  const map = isNew ? { data, done } : row;
  if (merged !== undefined) next.merged = merged;
  if (result !== undefined) next.result = result;
  if (map.done !== undefined) next.done = map.done;
  if (map.data !== undefined) next.data = map.data;
  return next;
}

function fail(turn: Turn, job: number, reason = 'no reason was given'): void {
  note(turn, job, reason);
  const { sequence } = planOf(turn, job);
  if (sequence === undefined || turn.mode === 'stopping') return;
  const row = turn.sequences.at(sequence);
  if (row.retrying !== undefined || !canRetrySequence(at(turn.context.sequences, sequence), row))
    return;
  turn.sequences.set(sequence, { ...row, retrying: job });
  if (row.running > 0) exhaust(turn, sequence, job);
}

function note(turn: Turn, job: number, reason: string): void {
  turn.reasons = withReason(turn.reasons, { job, reason: reason.slice(0, maxReasonLength) });
}

/** The newest are kept. */
export function withReason(reasons: readonly Reason[], reason: Reason): readonly Reason[] {
  return [...reasons, reason].slice(-maxReasons);
}

/** What still runs in a sequence that will be retried gets no further retry (SPIN-501, section 15). */
function exhaust(turn: Turn, sequence: number, failed: number): void {
  const { first } = at(turn.context.sequences, sequence);
  for (const job of resetBy(turn, first, failed)) {
    if (turn.rows.at(job).state !== 'running') continue;
    turn.effects.push({ type: 'tellJob', job, event: 'job.exhaust' });
  }
}

function resetBy(turn: Turn, first: number, failed: number): number[] {
  return rollbackSet(turn.children, (job) => turn.rows.at(job), first, failed).sort(
    (a, b) => a - b,
  );
}

/**
 * The last running job of a sequence to be retried has answered: its jobs are reset. The outermost such
 * sequence decides, for its reset covers those nested in it.
 */
function rollBackWhenQuiet(turn: Turn, job: number): void {
  const sequence = retryingAround(turn, job);
  if (sequence === undefined || turn.mode === 'stopping') return;
  const { running, retrying } = turn.sequences.at(sequence);
  if (running > 0 || retrying === undefined) return;
  const set = resetBy(turn, at(turn.context.sequences, sequence).first, retrying);
  const changed = new Map<RowState, number[]>();
  for (const each of set) reset(turn, each, changed);
  for (const [from, jobs] of changed)
    turn.effects.push({ type: 'rowsChanged', from, to: 'pending', jobs });
  for (const each of set) {
    if (isRunnable(turn.rows.at(each))) makeReady(turn, each);
  }
}

/** State and tries begin anew; total attempts and data stay (specification 12.5, 7). */
function reset(turn: Turn, job: number, changed: Map<RowState, number[]>): void {
  const { result: _result, ...row } = turn.rows.at(job);
  if (row.state === 'running') return;
  put(turn, job, { ...row, state: 'pending', tries: 0, ready: false });
  forgetRetry(turn, job);
  if (row.state === 'pending') return;
  const list = changed.get(row.state) ?? [];
  list.push(job);
  changed.set(row.state, list);
  if (row.state !== 'complete') return;
  for (const child of turn.children(job)) {
    const below = turn.rows.at(child);
    turn.rows.set(child, { ...below, open: below.open + 1 });
  }
}

function forgetRetry(turn: Turn, job: number): void {
  const sequence = sequenceBegunBy(turn, job);
  if (sequence === undefined) return;
  if (clearWait(turn, sequence)) turn.effects.push({ type: 'clearSequence', sequence });
  const { retrying: _retrying, ...row } = turn.sequences.at(sequence);
  turn.sequences.set(sequence, row);
}

/** Stop and suspend: waits are cleared, what runs is told to stop (specification 12.7, 12.8). */
export function stopAll(turn: Turn): void {
  for (let sequence = 0; sequence < turn.sequences.size && turn.waits > 0; sequence += 1) {
    if (clearWait(turn, sequence)) turn.effects.push({ type: 'clearSequence', sequence });
  }
  eachRow(turn, 'running', (job) => turn.effects.push({ type: 'tellJob', job, event: 'job.stop' }));
}

/** The stop deadline: each job that has not answered ends by what is known of it (specification 12.7; `job.ts`). */
export function abandonAll(turn: Turn): void {
  eachRow(turn, 'running', (job) =>
    turn.effects.push({ type: 'tellJob', job, event: 'job.abandon' }),
  );
}

/** A stopped try does not use up a retry: of the job, nor of the sequence it begins (specification 12.8). */
export function resumeAll(turn: Turn): void {
  turn.resumption += 1;
  const jobs: number[] = [];
  eachRow(turn, 'stopped', (job, row) => {
    put(turn, job, { ...row, state: 'pending', tries: row.tries - 1 });
    const sequence = sequenceBegunBy(turn, job);
    if (sequence !== undefined) uncountTry(turn, sequence);
    jobs.push(job);
  });
  if (jobs.length > 0)
    turn.effects.push({ type: 'rowsChanged', from: 'stopped', to: 'pending', jobs });
  eachRow(turn, 'pending', (job, row) => {
    if (isRunnable(row) && !row.ready) makeReady(turn, job);
  });
}

function uncountTry(turn: Turn, sequence: number): void {
  const row = turn.sequences.at(sequence);
  turn.sequences.set(sequence, { ...row, tries: row.tries - 1 });
}

/** A scan; only for commands and the deadline. */
function eachRow(turn: Turn, state: RowState, visit: (job: number, row: Row) => void): void {
  for (let job = 0; job < turn.rows.size; job += 1) {
    const row = turn.rows.at(job);
    if (row.state === state) visit(job, row);
  }
}
