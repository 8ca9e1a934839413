/**
 * How an actor is declared: its machine, what it accepts, and what each emitted effect becomes.
 * Types and data only; the built-in job and chain use nothing that a user's actor could not.
 */
import type { AnyStateMachine, EmittedFrom, SnapshotFrom } from 'xstate';
import type { z } from 'zod';
import type { Address } from '../protocol/envelope.ts';
import { MillraceError } from '../protocol/errors.ts';
import { refuseImpure } from './purity.ts';

/** An event for an actor: its `type` is a message type, the rest its body. */
export type ActorEvent = { type: string } & Readonly<Record<string, unknown>>;

/** When a timer is due: after a while, at an instant (ISO 8601 or epoch milliseconds), or at the next time of a cron expression. */
export type When =
  | { afterMs: number }
  | { at: string | number }
  | { cron: string; /** IANA name; default UTC. */ timeZone?: string };

/** An attempt for workers. */
export type AttemptRequest = {
  /** Job type: names the queue. */
  type: string;
  /** What workers call the job; default: the key. */
  name?: string;
  args: unknown;
  /** Running number of the attempt under this key, from 1. */
  attempt: number;
  resumption?: number;
  timeoutMs?: number;
  /** References into the group's value log, merged in order into the job's data. */
  data?: readonly number[];
  /** References into the group's value log, by job type. */
  results?: Readonly<Record<string, readonly (number | null)[]>>;
};

/** What an effect becomes; made by the functions below. */
export type Outgoing =
  | { kind: 'actor'; to: Address; event: ActorEvent }
  | { kind: 'job'; key: string; job: AttemptRequest }
  | { kind: 'cancel'; key: string }
  | { kind: 'forget'; key: string }
  | { kind: 'timer'; key: string; event: ActorEvent; when: When }
  | { kind: 'clear'; key: string }
  | { kind: 'reply'; data: unknown }
  | { kind: 'replyTo'; address: string | undefined; data: unknown }
  | { kind: 'exchange'; exchange: string; routingKey: string; body: unknown }
  | { kind: 'rows'; actorKind: string; from: string; to: string; numbers: readonly number[] }
  | { kind: 'nothing' };

/**
 * Sends an event to another actor: `kind/id` in this group, delivered in the same turn, or `group/kind/id` in
 * another group, delivered once and in the order of sending; that actor must accept it from outside. One that
 * can never be delivered comes back as the event `outbox.rejected` with `to`, `message` (its type) and `reason`.
 */
export function toActor(to: Address, event: ActorEvent): Outgoing {
  return { kind: 'actor', to, event };
}

/**
 * Asks workers for one attempt; the actor is told `attempt.succeeded`, `attempt.failed` or `attempt.stopped` with the
 * key. One that accepts `attempt.held` is told of it when a worker is known to have begun: not of every short attempt.
 */
export function toJob(key: string, job: AttemptRequest): Outgoing {
  return { kind: 'job', key, job };
}

/** Asks the worker that has the attempt to stop it; its answer still comes. */
export function cancelAttempt(key: string): Outgoing {
  return { kind: 'cancel', key };
}

/** Gives an attempt up: nothing more is owed for it, a late answer changes nothing. */
export function forgetAttempt(key: string): Outgoing {
  return { kind: 'forget', key };
}

/** Sets the actor's timer of this key, replacing the one before; the event is delivered when it is due. */
export function toTimer(key: string, event: ActorEvent, when: When): Outgoing {
  return { kind: 'timer', key, event, when };
}

/** Forgets a timer. */
export function clearTimer(key: string): Outgoing {
  return { kind: 'clear', key };
}

/** Answers whoever sent the command of this turn. One that nobody answers is told that it was taken: `{ ok: true }`. */
export function reply(data: unknown): Outgoing {
  return { kind: 'reply', data };
}

/**
 * Answers a command of `repliesLater` in a later turn: `address` is what its event brought as `replyTo`. Once;
 * does nothing where nobody waits for an answer.
 */
export function replyTo(address: string | undefined, data: unknown): Outgoing {
  return { kind: 'replyTo', address, data };
}

/** Tells the world: may be sent twice with the same message id, is never lost. */
export function toExchange(exchange: string, routingKey: string, body: unknown): Outgoing {
  return { kind: 'exchange', exchange, routingKey, body };
}

/** Reports a change of numbered rows that have no actor of their own just now. */
export function rowsChanged(
  actorKind: string,
  from: string,
  to: string,
  numbers: readonly number[],
): Outgoing {
  return { kind: 'rows', actorKind, from, to, numbers };
}

/** The effect asks for nothing beyond its transition. */
export const nothing: Outgoing = { kind: 'nothing' };

/** An answer for each emitted effect; one that is forgotten does not compile. `id` is the actor's own id. */
export type EffectMap<M extends AnyStateMachine> = {
  [T in EmittedFrom<M>['type']]: (
    effect: Extract<EmittedFrom<M>, { type: T }>,
    self: { id: string },
  ) => Outgoing;
};

/** `args`: what the asker gave, if anything; JSON. */
type Query<M extends AnyStateMachine> = (snapshot: SnapshotFrom<M>, args?: unknown) => unknown;

export type ActorDefinition<M extends AnyStateMachine = AnyStateMachine> = {
  /** Names the kind in addresses: `kind/id`. */
  kind: string;
  machine: M;
  /** Counts up when a stored snapshot could be misread; default 1. */
  version?: number;
  /** Rewrites a snapshot of an older version; without it such a group is parked. */
  migrate?: (persisted: unknown, fromVersion: number) => unknown;
  /** Message types from outside the group that this actor takes, with the schema of their bodies. */
  accepts: Readonly<Record<string, z.ZodType>>;
  /** Which messages, from outside or inside the group, may create an actor; the event is the machine's input, and is then delivered. */
  startedBy: readonly string[];
  /**
   * Commands that are answered in a later turn by `replyTo`, unless the same turn has a `reply`. Their event
   * brings `replyTo`, a text for the context; an actor that ends owing an answer gives an error.
   */
  repliesLater?: readonly string[];
  effects: EffectMap<M>;
  /**
   * Pure questions about a snapshot, asked with `client.query`; answered between turns and not journaled.
   * `type` is what lists show as the request's type.
   */
  queries?: Readonly<Record<string, Query<M>>>;
  /** Places in the context that hold `Chunks`: stored chunk by chunk. Dotted paths. */
  chunked?: readonly string[];
  /**
   * Places in the bodies of accepted messages that may hold `Chunks` whose chunks are named by hash, with
   * the schema of one item: they are brought into memory, piece by piece, before the turn.
   */
  chunkedBodies?: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>>;
  /**
   * Places in the bodies of messages of `startedBy` that may hold a value log of another group: the new group
   * begins with it, and its numbers in that body are good. The event does not have it.
   */
  bringsValues?: Readonly<Record<string, string>>;
  /** Results and data in events: the parsed JSON (default), or its number in the group's value log. */
  values?: 'parsed' | 'referenced';
};

/**
 * Declares a kind of actor. Throws MillraceError `definition` when the machine could not be replayed:
 * `invoke`, spawned children, inline delays; the message names the state.
 */
export function defineActor<M extends AnyStateMachine>(
  definition: ActorDefinition<M>,
): ActorDefinition<M> {
  if (!/^[a-z][a-z0-9-]*$/.test(definition.kind)) {
    throw new MillraceError(
      'definition',
      `actor kind "${definition.kind}" must be lower case letters, digits and dashes`,
    );
  }
  refuseImpure(definition.kind, definition.machine);
  for (const [type, schema] of Object.entries(definition.accepts)) refuseHostFields(type, schema);
  for (const type of definition.repliesLater ?? []) {
    if (type in definition.accepts) continue;
    throw new MillraceError(
      'definition',
      `actor "${definition.kind}" replies later to "${type}", which it does not accept`,
    );
  }
  return definition;
}

/** What the host gives to every event: its id in the group, when it came, who sent it, how to answer later. */
const hostFields = ['id', 'at', 'from', 'replyTo'];

function refuseHostFields(type: string, schema: z.ZodType): void {
  const shape: unknown = 'shape' in schema ? schema.shape : undefined;
  if (typeof shape !== 'object' || shape === null) return;
  const field = hostFields.find((name) => name in shape);
  if (field === undefined) return;
  throw new MillraceError(
    'definition',
    `the schema of "${type}" has a field "${field}", which the host gives to every event; rename it`,
  );
}
