/**
 * What a group owes and is owed (architecture, section 4): attempts, timers, replies, messages, commands seen.
 * Pure: `owe` adds, `settle` answers, `owedNow` lists all that must be sent.
 */
import type { Address } from '../protocol/envelope.ts';
import type { ActorEvent, AttemptRequest } from './actor.ts';
import { isLeased } from './attempts/holder.ts';
import type { Holder } from './attempts/holder.ts';
import { hasArrived, post, postedTo } from './outbox.ts';
import type { Inbox, Outbox, OutboxRow, Place, Posted } from './outbox.ts';
import { Table } from './table.ts';

/** An attempt that workers have not answered. */
export type AttemptRow = {
  actor: Address;
  key: string;
  job: AttemptRequest;
  /** It is to be stopped: owes the cancel until it is answered. */
  cancelled?: true;
  holder?: Holder;
  /** Confirms that were granted for a message that had been handed over before. */
  grants?: number;
  /** Of workers, while nothing else ran there. */
  losses?: number;
};

/** A timer that is held; (seq, n) is its id, given when it was set. */
export type HeldTimer = {
  actor: Address;
  key: string;
  event: ActorEvent;
  due: number;
  seq: number;
  n: number;
};

/** A command that was carried out, and what was answered. */
export type SeenCommand = { id: string; reply?: string };

/** A reply that was promised for a later turn. */
export type PromisedReply = {
  /** What machines know it by. */
  address: string;
  /** The actor that is to answer. */
  actor: Address;
  /** Id of the command. */
  command: string;
  queue: string;
  correlationId: string;
};

export type Obligations = {
  readonly attempts: Table<AttemptRow>;
  readonly timers: Table<HeldTimer>;
  readonly commands: readonly SeenCommand[];
  readonly replies: Table<PromisedReply>;
  /** Messages to other groups. */
  readonly outbox: Outbox;
  /** What was taken of the messages of other groups. */
  readonly inbox: Inbox;
};

export const noObligations: Obligations = {
  attempts: new Table<AttemptRow>(),
  timers: new Table<HeldTimer>(),
  commands: [],
  replies: new Table<PromisedReply>(),
  outbox: new Table<readonly OutboxRow[]>(),
  inbox: { senders: new Table<Place>(), forgotAt: 0 },
};

/** One thing to be sent; release knows how, recovery lists them all. */
export type Owed =
  | { kind: 'start'; row: AttemptRow }
  | { kind: 'cancel'; row: AttemptRow }
  | { kind: 'timer'; timer: HeldTimer }
  /** A worker has it, and renews its lease. */
  | { kind: 'lease'; row: AttemptRow }
  /** The lease's timer is due. */
  | { kind: 'check'; row: AttemptRow; timer: HeldTimer }
  | OwedMessage;

/** `asOf`: the receiver asked for it when it was at this seq. */
export type OwedMessage = { kind: 'message'; asOf?: number } & Posted;

/** A change of the tables; made from an actor's outgoing data. */
export type Change =
  | { kind: 'start'; row: AttemptRow }
  | { kind: 'cancel'; actor: Address; key: string }
  | { kind: 'forget'; actor: Address; key: string }
  | { kind: 'timer'; timer: HeldTimer }
  | { kind: 'clear'; actor: Address; key: string }
  | { kind: 'message'; row: OutboxRow };

/** Key of an actor's attempt or timer in the group's tables. */
export function rowKey(actor: Address, key: string): string {
  return `${actor} ${key}`;
}

/** The tables after a change, and what is to be sent because of it. */
export function owe(held: Obligations, change: Change): [Obligations, Owed | undefined] {
  switch (change.kind) {
    case 'start': {
      const key = rowKey(change.row.actor, change.row.key);
      const before = withoutLease(held, held.attempts.get(key));
      return [withAttempts(before, before.attempts.with(key, change.row)), change];
    }
    case 'cancel':
      return cancel(held, rowKey(change.actor, change.key));
    case 'forget':
      return [withoutAttempt(held, rowKey(change.actor, change.key)), undefined];
    case 'timer': {
      const { actor, key } = change.timer;
      return [{ ...held, timers: held.timers.with(rowKey(actor, key), change.timer) }, change];
    }
    case 'clear':
      return [
        { ...held, timers: held.timers.without(rowKey(change.actor, change.key)) },
        undefined,
      ];
    case 'message': {
      const [outbox, posted] = post(held.outbox, change.row);
      return [
        { ...held, outbox },
        { kind: 'message', ...posted },
      ];
    }
  }
}

function cancel(held: Obligations, key: string): [Obligations, Owed | undefined] {
  const row = held.attempts.get(key);
  if (row === undefined) return [held, undefined];
  const cancelled: AttemptRow = { ...row, cancelled: true };
  return [
    { ...held, attempts: held.attempts.with(key, cancelled) },
    { kind: 'cancel', row: cancelled },
  ];
}

/** The tables without an attempt, and without what watches over its lease. */
export function withoutAttempt(held: Obligations, key: string): Obligations {
  const left = withoutLease(held, held.attempts.get(key));
  return withAttempts(left, left.attempts.without(key));
}

/** Each start and each answer comes by here: not a spread, which is slow (CONTRIBUTING, Style). */
function withAttempts(held: Obligations, attempts: Obligations['attempts']): Obligations {
  return Object.assign({}, held, { attempts });
}

/** Key of the timer that watches over the lease of an attempt. */
export function leaseKey(key: string): string {
  return `millrace.lease/${key}`;
}

function withoutLease(held: Obligations, row: AttemptRow | undefined): Obligations {
  if (row === undefined || !isLeased(row)) return held;
  return { ...held, timers: held.timers.without(rowKey(row.actor, leaseKey(row.key))) };
}

/** The timer with this id, and the tables without it; `duplicate` when it is not held. */
export function settleTimer(
  held: Obligations,
  id: { seq: number; n: number },
): { timer: HeldTimer; held: Obligations } | 'duplicate' {
  for (const [key, timer] of held.timers) {
    if (timer.seq === id.seq && timer.n === id.n) {
      return { timer, held: { ...held, timers: held.timers.without(key) } };
    }
  }
  return 'duplicate';
}

/** The tables without the promise, whose reply is remembered with its command; undefined when there is none. */
export function keepPromise(
  held: Obligations,
  address: string,
  reply: string,
): { held: Obligations; promise: PromisedReply } | undefined {
  const promise = held.replies.get(address);
  if (promise === undefined) return undefined;
  const commands = held.commands.map((command) =>
    command.id === promise.command ? { ...command, reply } : command,
  );
  return { promise, held: { ...held, commands, replies: held.replies.without(address) } };
}

/** The tables without what an ended actor still held. */
export function dropActor(held: Obligations, actor: Address): Obligations {
  const isOthers = (row: { actor: Address }): boolean => row.actor !== actor;
  const attempts = held.attempts.filter(isOthers);
  const timers = held.timers.filter(isOthers);
  if (attempts === held.attempts && timers === held.timers) return held;
  return { ...held, attempts, timers };
}

/** All that must be sent so that nothing owed is lost: recovery's whole work. */
export function owedNow(held: Obligations): Owed[] {
  return [
    ...[...held.attempts.values()].map((row): Owed => ({
      kind: isLeased(row) ? 'lease' : 'start',
      row,
    })),
    ...[...held.attempts.values()]
      .filter((row) => row.cancelled)
      .map((row): Owed => ({ kind: 'cancel', row })),
    ...[...held.timers.values()].map((timer): Owed => ({ kind: 'timer', timer })),
    ...[...held.outbox.keys()].flatMap((receiver) => messagesTo(held, receiver)),
  ];
}

/** The messages that are owed to one other group, oldest first. */
export function messagesTo(
  { outbox }: Obligations,
  receiver: string,
  asOf?: number,
): OwedMessage[] {
  return postedTo(outbox, receiver).map((posted) => ({
    kind: 'message',
    ...posted,
    ...(asOf !== undefined && { asOf }),
  }));
}

/** Nothing is owed and nothing awaited: the group needs no memory. */
export function owesNothing(held: Obligations): boolean {
  const { attempts, timers, replies, outbox } = held;
  return attempts.size + timers.size + replies.size === 0 && hasArrived(outbox);
}

/** What a turn both asked for and took back needs no sending. */
export function isStillOwed(held: Obligations, owed: Owed): boolean {
  if (owed.kind === 'message') return true;
  if (owed.kind === 'timer') {
    return held.timers.get(rowKey(owed.timer.actor, owed.timer.key)) === owed.timer;
  }
  return held.attempts.get(rowKey(owed.row.actor, owed.row.key)) === owed.row;
}
