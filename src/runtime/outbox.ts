/**
 * Messages between groups (ARCHITECTURE, D17), the rules alone: what a sender owes until it is journaled,
 * what a receiver remembers of a sender, and whether a message's turn has come. Pure.
 */
import type { Address } from '../protocol/envelope.ts';
import { PermanentError } from '../protocol/errors.ts';
import type { Table } from './table.ts';

/** Says that everything up to a place is journaled by the receiver. */
export const outboxJournaled = 'outbox.journaled';

/** Asks a sender for all that it owes to the group that asks. */
export const outboxAsk = 'outbox.ask';

/** Ends what the receiver remembers of a sender; goes the way of a message, behind all others. */
export const outboxForget = 'outbox.forget';

/** Tells the sending actor that its message can never be taken, and why. */
export const outboxRejected = 'outbox.rejected';

/** Where in its group a message was made: (seq, n) only rises. */
export type Place = { seq: number; n: number };

/** A message that its receiver has not journaled, as far as the sender knows. */
export type OutboxRow = Place & {
  /** `group/kind/id`. */
  to: Address;
  /** `kind/id` of the sending actor. */
  from: Address;
  type: string;
  /** JSON text. */
  body: string;
};

/** By receiving group, oldest first. An empty list: that group remembers this one and is owed nothing. */
export type Outbox = Table<readonly OutboxRow[]>;

/** What a group knows of those that send to it. */
export type Inbox = {
  /** By sending group: the place up to which all is taken. */
  readonly senders: Table<Place>;
  /** Seq of the newest entry that forgot a sender; 0 for none. */
  readonly forgotAt: number;
};

/** A message to be sent, and the one before it to the same group that may still be on its way. */
export type Posted = { row: OutboxRow; after?: Place };

/** A message of another group, as it arrives. */
export type Sent = {
  sender: string;
  place: Place;
  isForget: boolean;
  /** Must have been taken before; none when the sender knew that all before is. */
  after?: Place;
  /** The sender owed it when this group was at this seq; 0 when it has not been asked. */
  asOf: number;
};

/** `12/1`: how a place is written in headers and entries. */
export function placeText({ seq, n }: Place): string {
  return `${seq}/${n}`;
}

/** The place that `placeText` wrote. */
export function toPlace(text: string): Place {
  const [seq = Number.NaN, n = Number.NaN] = text.split('/').map(Number);
  if (Number.isSafeInteger(seq) && Number.isSafeInteger(n)) return { seq, n };
  throw new PermanentError(`"${text}" is no place in a group; it reads seq/n`);
}

/** `group/kind/id` → `group` */
export function groupOf(address: Address): string {
  return address.slice(0, address.indexOf('/'));
}

/** `group/kind/id` → `kind/id` */
export function insideOf(address: Address): Address {
  return address.slice(address.indexOf('/') + 1);
}

/** `kind/id` of an actor of this group, also by its full address; undefined for one of another group. */
export function addressInside(group: string, to: Address): Address | undefined {
  const slash = to.indexOf('/');
  const isShort = slash > 0 && slash < to.length - 1 && !to.includes('/', slash + 1);
  if (isShort) return to;
  const parts = to.split('/');
  if (parts.length !== 3 || parts.includes(''))
    throw new Error(`"${to}" is no address: it reads kind/id, or group/kind/id for another group`);
  return parts[0] === group ? to.slice(slash + 1) : undefined;
}

function isLater(a: Place, b: Place): boolean {
  return a.seq > b.seq || (a.seq === b.seq && a.n > b.n);
}

/** The outbox with one message more. */
export function post(outbox: Outbox, row: OutboxRow): [Outbox, Posted] {
  const receiver = groupOf(row.to);
  const rows = outbox.get(receiver) ?? [];
  const last = rows.at(-1);
  const after = last === undefined ? {} : { after: { seq: last.seq, n: last.n } };
  return [outbox.with(receiver, [...rows, row]), { row, ...after }];
}

/** All that is owed to one receiver, oldest first. */
export function postedTo(outbox: Outbox, receiver: string): Posted[] {
  const rows = outbox.get(receiver) ?? [];
  return rows.map((row, index) => {
    const before = rows[index - 1];
    return { row, ...(before !== undefined && { after: { seq: before.seq, n: before.n } }) };
  });
}

/** The outbox once a receiver has journaled all up to a place; `duplicate` when that settles nothing. */
export function settlePosted(outbox: Outbox, receiver: string, upTo: Place): Outbox | 'duplicate' {
  const rows = outbox.get(receiver) ?? [];
  const left = rows.filter((row) => isLater(row, upTo));
  if (left.length === rows.length) return 'duplicate';
  const hasForgotten = left.length === 0 && rows.at(-1)?.type === outboxForget;
  return hasForgotten ? outbox.without(receiver) : outbox.with(receiver, left);
}

/**
 * Receivers that a sender which has ended can tell to forget it: those that owe it no word about a message.
 * Said sooner, they could be asked to take again what they had taken and forgotten.
 */
export function toBeTold(outbox: Outbox): string[] {
  return outbox.sorted().flatMap(([receiver, rows]) => (rows.length === 0 ? receiver : []));
}

/** No message is on its way. */
export function hasArrived(outbox: Outbox): boolean {
  for (const rows of outbox.values()) if (rows.length > 0) return false;
  return true;
}

/**
 * Whether a message's turn has come: it is the next, was taken before, or is early, because one before it
 * is missing or because nobody knows whether its sender was forgotten.
 */
export function standingOf({ senders, forgotAt }: Inbox, sent: Sent): 'next' | 'taken' | 'early' {
  const { place, after, asOf, isForget } = sent;
  const taken = senders.get(sent.sender);
  if (taken !== undefined) {
    if (!isLater(place, taken)) return 'taken';
    return after === undefined || !isLater(after, taken) ? 'next' : 'early';
  }
  if (after !== undefined) return 'early';
  if (isForget) return 'taken';
  return asOf >= forgotAt ? 'next' : 'early';
}

/** What is known once a message is taken by the entry of this seq. */
export function taking({ senders, forgotAt }: Inbox, sent: Sent, seq: number): Inbox {
  if (sent.isForget) return { senders: senders.without(sent.sender), forgotAt: seq };
  return { senders: senders.with(sent.sender, sent.place), forgotAt };
}
