/**
 * A message as the host takes it: from the broker, from a timer, or from the journal again.
 * What does not fit is refused here, with the reason.
 */
import type { Delivery } from '../ports/broker.ts';
import type { Entry, EntryMeta } from '../ports/journal.ts';
import { groupUnpark } from '../protocol/commands.ts';
import { headersSchema } from '../protocol/envelope.ts';
import type { Address } from '../protocol/envelope.ts';
import { PermanentError } from '../protocol/errors.ts';
import { isForOwner } from '../protocol/forOwner.ts';
import { exchanges } from '../protocol/topology.ts';
import { toPlace } from './outbox.ts';
import type { Place } from './outbox.ts';

export type Incoming = {
  type: string;
  group: string;
  to: Address;
  /** Ids that do not follow from other fields; absent for answers and timers. */
  meta: EntryMeta;
  /** JSON text; absent while only `blob` is known. */
  body?: string;
  blob?: string;
  /** What the body names by hash (bodies.ts). */
  chunks?: ReadonlyMap<string, object>;
  /** Of a message of another group that has just come: see `Sent`. */
  order?: { after?: Place; asOf: number };
  /** The worker's queue that hears what becomes of this; in no entry, since the worker asks again. */
  asker?: string;
};

/** What is said of an attempt comes from a worker, anything else that the broker brings is a command. */
export function isAnswer(type: string): boolean {
  return type.startsWith('attempt.');
}

/** A timer that is due; never comes from the broker. */
export const timerFired = 'timer.fired';

/** Asks whether a lease was renewed; from the owner to itself, by way of its own queue. */
export const leaseCheck = 'lease.check';

/** A message from another group, or what groups say about messages. */
export function isBetweenGroups({ type, meta }: Incoming): boolean {
  return meta.place !== undefined || type.startsWith('outbox.');
}

/** What only hosts and workers say: no actor may send it to another group. */
export function isReserved(type: string): boolean {
  return (
    isAnswer(type) ||
    type.startsWith('outbox.') ||
    isForOwner(type) ||
    [timerFired, leaseCheck, groupUnpark].includes(type)
  );
}

/** Throws PermanentError when the delivery cannot be for any actor. */
export function decode(delivery: Delivery): Incoming {
  const { properties, exchange, body } = delivery;
  const headers = headersSchema.safeParse(properties.headers ?? {});
  if (!headers.success) {
    const problems = headers.error.issues.map(
      (issue) => `${issue.path.join('.')}: ${issue.message}`,
    );
    throw new PermanentError(
      `message ${properties.messageId} has bad headers: ${problems.join('; ')}`,
    );
  }
  const { group, to, from, causationId, blob, place, after, asOf } = headers.data;
  const isFromWorkers = exchange === exchanges.results;
  // By the default exchange any login that may answer could write into any queue.
  const isFromDoor = isFromWorkers || exchange === exchanges.partitions;
  if (
    !isFromDoor ||
    isAnswer(properties.type) !== isFromWorkers ||
    properties.type === timerFired
  ) {
    throw new PermanentError(`"${properties.type}" is not accepted from the exchange ${exchange}`);
  }
  if (!isFromWorkers && place === undefined && properties.messageId === '')
    throw new PermanentError(`"${properties.type}" for ${group} has no messageId; give it one`);
  const { type, correlationId, replyTo } = properties;
  const incoming: Incoming = { type, group, to, meta: {} };
  if (blob === undefined) incoming.body = body;
  else incoming.blob = blob;
  if (isFromWorkers) {
    if (replyTo !== undefined) incoming.asker = replyTo;
    return incoming;
  }
  incoming.meta = {
    ...(place === undefined ? { messageId: properties.messageId } : { place }),
    ...(from !== undefined && { from }),
    ...(causationId !== undefined && { causationId }),
    ...(correlationId !== undefined && { correlationId }),
    ...(replyTo !== undefined && { replyTo }),
  };
  if (place === undefined) return incoming;
  const order = { asOf: Number(asOf ?? 0), ...(after !== undefined && { after: toPlace(after) }) };
  return { ...incoming, order };
}

/** The message of an entry, to be stepped again. */
export function incomingOf(entry: Entry): Incoming {
  return {
    type: entry.type,
    group: entry.group ?? '',
    to: entry.to ?? '',
    meta: entry.meta ?? {},
    ...(entry.body !== undefined && { body: entry.body }),
    ...(entry.blob !== undefined && { blob: entry.blob }),
  };
}
