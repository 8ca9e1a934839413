/**
 * Which execution of an attempt counts (architecture, section 8): what a confirm, a lease, a missed lease and
 * a return make of an attempt's row. Pure, and decided by journaled messages alone.
 */
import type { AttemptVerdict } from '../../protocol/attempts.ts';
import type { AttemptRow } from '../obligations.ts';

/** An execution that a confirm or a lease has made known; only its failure counts. */
export type Holder = {
  execution: string;
  /** Which message it runs, with `replaces`: a redelivery is the same one. */
  claim: number;
  replaces?: string;
  /** Nothing else ran beside it in its worker. */
  isAlone?: true;
  lease?: 'held' | 'suspect';
  /** Its worker has given it back, or is gone: what it says counts no more, unless it succeeded. */
  isLost?: true;
};

/** What a worker asks of an execution. */
export type Asked = {
  executionId: string;
  claim: number;
  replaces?: string | undefined;
  redelivered?: boolean;
  alone?: boolean | undefined;
};

/** The row as it then is, the very same when nothing changes, and what the worker is told. */
export type Answered = { row: AttemptRow } & Partial<Omit<AttemptVerdict, 'executionId'>>;

/** The confirm from which on an attempt runs alone: two executions were lost, and it may be the reason. */
const aloneFrom = 2;

/** An attempt whose worker was lost so often while nothing else ran in it has failed. */
const mostLosses = 3;

const killer =
  `it was lost with its worker ${mostLosses} times while nothing else ran there: ` +
  'it probably kills its process (memory, a crash, process.exit); run it with `isolate: true`, or correct it';

/** May this execution run? A redelivery takes the place of its own message's holder alone. */
export function confirm(row: AttemptRow, asked: Asked): Answered {
  const { holder } = row;
  if (holder?.execution === asked.executionId && holder.isLost !== true) {
    const isNews = (asked.alone === true && holder.isAlone !== true) || !isCopyOf(row, asked);
    const isAlone = asked.alone === true || holder.isAlone === true;
    const now: Holder = { ...holderOf(asked), ...(isAlone && { isAlone }) };
    const kept = holder.lease === undefined ? now : { ...now, lease: holder.lease };
    return standing(isNews ? { ...row, holder: kept } : row);
  }
  if (holder !== undefined && !isNextTo(row, asked)) return { row, verdict: 'drop' };
  const losses = (row.losses ?? 0) + (holder?.isAlone === true ? 1 : 0);
  const wasGiven = asked.redelivered === true || asked.replaces !== undefined;
  const grants = (row.grants ?? 0) + (wasGiven ? 1 : 0);
  return standing({
    ...row,
    holder: holderOf(asked),
    ...(grants > 0 && { grants }),
    ...(losses > 0 && { losses }),
  });
}

function standing(row: AttemptRow): Answered {
  const { cancelled, losses = 0, grants = 0, holder } = row;
  if (cancelled === true) return { row, verdict: 'stop' };
  if (losses >= mostLosses) return { row, verdict: 'fail', reason: killer };
  return { row, verdict: grants >= aloneFrom && holder?.isAlone !== true ? 'alone' : 'run' };
}

function isNextTo(row: AttemptRow, asked: Asked): boolean {
  return asked.replaces === row.holder?.execution || isCopyOf(row, asked);
}

/** It is about the very message that the holder runs. */
export function isCopyOf({ holder }: AttemptRow, { claim, replaces }: Partial<Asked>): boolean {
  return holder !== undefined && claim === holder.claim && replaces === holder.replaces;
}

function holderOf({ executionId, claim, replaces }: Asked): Holder {
  return { execution: executionId, claim, ...(replaces !== undefined && { replaces }) };
}

/** Takes the lease, or renews it; only news change the row. */
export function lease(row: AttemptRow, asked: Asked): Answered {
  const { holder } = row;
  if (holder === undefined)
    return { row: { ...row, holder: { ...holderOf(asked), lease: 'held' } } };
  if (holder.execution !== asked.executionId || holder.isLost === true)
    return { row, verdict: 'drop' };
  return holder.lease === 'held'
    ? { row }
    : { row: { ...row, holder: { ...holder, lease: 'held' } } };
}

/** The lease was not renewed: suspect at first, then lost; `isGone`: nobody can hold it any more. */
export function miss(
  row: AttemptRow,
  { executionId, isGone }: { executionId: string; isGone?: boolean | undefined },
): Answered {
  const { holder } = row;
  if (holder?.execution !== executionId || holder.lease === undefined) return { row };
  if (holder.lease === 'held' && isGone !== true)
    return { row: { ...row, holder: { ...holder, lease: 'suspect' } } };
  return { row: { ...row, holder: lostHolder(holder) } };
}

/** The worker ends: the attempt starts anew, and this execution was no loss. */
export function giveBack(row: AttemptRow, { executionId }: { executionId: string }): Answered {
  const { holder, grants = 0, ...rest } = row;
  if (holder?.execution !== executionId || holder.isLost === true) return { row };
  const { isAlone: _, ...lost } = lostHolder(holder);
  return { row: { ...rest, holder: lost, ...(grants > 1 && { grants: grants - 1 }) } };
}

function lostHolder({ lease: _, ...holder }: Holder): Holder {
  return { ...holder, isLost: true };
}

/** Whether a failure that this execution reports is the attempt's. */
export function countsFrom(row: AttemptRow, executionId: string | undefined): boolean {
  const { holder } = row;
  return holder === undefined || (holder.execution === executionId && holder.isLost !== true);
}

/** A start of it need not be sent: a worker has taken it, and has a lease. */
export function isLeased({ holder }: AttemptRow): boolean {
  return holder?.lease !== undefined;
}
