/** Attempts among what a group owes: how they are found, leased, watched and settled. Pure. */
import type { Address } from '../../protocol/envelope.ts';
import { leaseKey, rowKey, withoutAttempt } from '../obligations.ts';
import type { AttemptRow, HeldTimer, Obligations } from '../obligations.ts';
import { countsFrom, isLeased } from './holder.ts';

/** Event of the timer that watches over a lease; no actor is told of it. */
export const leaseDue = 'lease.due';

/** An answer, and the execution that says it if the group was told of one. */
type AttemptAnswer = {
  type: string;
  actor: Address;
  key: string;
  attempt: number;
  executionId?: string | undefined;
};

/**
 * The tables once an attempt is answered; `duplicate` when that attempt is not awaited, or has not succeeded and
 * is another execution's by now.
 */
export function settleAttempt(
  held: Obligations,
  answer: AttemptAnswer,
): { held: Obligations; row: AttemptRow } | 'duplicate' {
  const key = rowKey(answer.actor, answer.key);
  const row = held.attempts.get(key);
  if (row?.job.attempt !== answer.attempt) return 'duplicate';
  const counts = answer.type === 'attempt.succeeded' || countsFrom(row, answer.executionId);
  return counts ? { held: withoutAttempt(held, key), row } : 'duplicate';
}

/** The row of an attempt that is still awaited. */
export function awaited(
  { attempts }: Obligations,
  about: { actor: Address; key: string; attempt: number },
): AttemptRow | undefined {
  const row = attempts.get(rowKey(about.actor, about.key));
  return row?.job.attempt === about.attempt ? row : undefined;
}

/** The tables with the row in its place. */
export function withRow(held: Obligations, row: AttemptRow): Obligations {
  return { ...held, attempts: held.attempts.with(rowKey(row.actor, row.key), row) };
}

/** The tables with a timer that watches over the row's lease; `due` is when it must have been renewed. */
export function watched(
  held: Obligations,
  { actor, key }: AttemptRow,
  { due, seq }: { due: number; seq: number },
): [Obligations, HeldTimer] {
  const timer = { actor, key: leaseKey(key), event: { type: leaseDue }, due, seq, n: 0 };
  return [{ ...held, timers: held.timers.with(rowKey(actor, timer.key), timer) }, timer];
}

/** The tables without the timer. */
export function unwatched(held: Obligations, { actor, key }: AttemptRow): Obligations {
  return { ...held, timers: held.timers.without(rowKey(actor, leaseKey(key))) };
}

/** What watches over the row's lease. */
export function watchOf(
  { timers }: Obligations,
  { actor, key }: AttemptRow,
): HeldTimer | undefined {
  return timers.get(rowKey(actor, leaseKey(key)));
}

/** The leased attempt that this timer watches over. */
export function watchedBy({ attempts }: Obligations, timer: HeldTimer): AttemptRow | undefined {
  return attempts.get(rowKey(timer.actor, timer.key.slice(leaseKey('').length)));
}

/** A worker may take one of its attempts any moment; those with a lease only wait. */
export function isBusy({ attempts }: Obligations): boolean {
  return attempts.some((row) => !isLeased(row));
}
