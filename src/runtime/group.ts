/** A group in memory: actors that share a mailbox and an owner, and what they owe. */
import type { AnyMachineSnapshot } from 'xstate';
import type { Transition } from '../ports/journal.ts';
import type { AttemptInput, AttemptVerdict } from '../protocol/attempts.ts';
import type { Address } from '../protocol/envelope.ts';
import { noObligations } from './obligations.ts';
import type { Obligations, Owed, PromisedReply } from './obligations.ts';
import { stateName } from './stateName.ts';
import { Table } from './table.ts';
import { noValues } from './values.ts';
import type { Values } from './values.ts';

export type Group = {
  readonly id: string;
  /** Of the newest entry; 0 before the first. */
  readonly seq: number;
  /** When its first and its newest entry were made. */
  readonly createdAt: number;
  readonly at: number;
  /** The actor that the first message created: it names the group's type and state. */
  readonly root: Address;
  readonly actors: Table<AnyMachineSnapshot>;
  readonly obligations: Obligations;
  readonly values: Values;
};

/** One-way, in no table: recomputed when the entry is stepped again. */
export type Notice =
  /** `to`: a promise that is kept; without it, to whoever sent the message of this turn. */
  | { kind: 'reply'; data: unknown; to?: PromisedReply }
  /** The message of this turn is answered later. */
  | { kind: 'later' }
  | { kind: 'exchange'; exchange: string; routingKey: string; body: unknown }
  /** A message of this group that can never be stepped, for a person to look at. */
  | { kind: 'aside'; type: string; to: Address; from?: Address; body: string; reason: string }
  /** To the worker that says something of an attempt; not sent again, as workers ask again. */
  | ({ kind: 'worker' } & ToWorker)
  /** To another group, about its messages. */
  | { kind: 'tell'; to: string; type: string; body: object };

/** What a worker that asks is told. */
export type ToWorker =
  { type: 'attempt.verdict'; body: AttemptVerdict } | { type: 'attempt.input'; body: AttemptInput };

export type Turned = {
  group: Group;
  transitions: Transition[];
  owed: Owed[];
  notices: Notice[];
  /** Nothing changed and nothing was asked for. */
  isIgnored: boolean;
};

/** A group that does not exist yet. */
export function emptyGroup(id: string): Group {
  return {
    id,
    seq: 0,
    createdAt: 0,
    at: 0,
    root: '',
    actors: new Table(),
    obligations: noObligations,
    values: noValues,
  };
}

/** The root's state, for heads and people: a nested state value is written with dots. */
export function rootState(group: Group): string {
  const value: unknown = group.actors.get(group.root)?.value;
  return value === undefined ? '' : stateName(value);
}
