/**
 * A value log that a message brings for the group that it begins: the chunks of another group's log, so that
 * results are taken over without being copied. Like all that a turn needs it is in memory before the turn.
 */
import { PermanentError } from '../protocol/errors.ts';
import { frozenValuesSchema, valueChunkSchema } from '../protocol/plans.ts';
import type { ActorEvent } from './actor.ts';
import type { Incoming } from './incoming.ts';
import { kindOf } from './registry.ts';
import type { Registry } from './registry.ts';
import { valuesOf } from './values.ts';
import type { Values } from './values.ts';

function placeIn(registry: Registry, { to, type }: Incoming): string | undefined {
  return registry.find(kindOf(to))?.definition.bringsValues?.[type];
}

/** Hashes of the log's chunks in the parsed body of a message. */
export function valueHashes(registry: Registry, message: Incoming, body: unknown): string[] {
  const place = placeIn(registry, message);
  if (place === undefined || typeof body !== 'object' || body === null) return [];
  const frozen = frozenValuesSchema.safeParse((body as Record<string, unknown>)[place]);
  return frozen.success ? frozen.data.chunks.filter((chunk) => typeof chunk === 'string') : [];
}

/** Throws PermanentError for what is no chunk of a log. */
export function checkValueChunk(hash: string, chunk: object): void {
  if (valueChunkSchema.safeParse(chunk).success) return;
  throw new PermanentError(`chunk ${hash} is no part of a value log`);
}

/** The event without the log, and the log. Throws PermanentError when part of it is missing. */
export function takeValues(
  registry: Registry,
  message: Incoming,
  event: ActorEvent,
): { event: ActorEvent; values?: Values } {
  const place = placeIn(registry, message);
  if (place === undefined || event[place] === undefined) return { event };
  const { [place]: brought, ...rest } = event;
  const { length, chunks } = frozenValuesSchema.parse(brought);
  const found = chunks.map((chunk) => (typeof chunk === 'string' ? partOf(message, chunk) : chunk));
  const end = found.reduce(
    (next, { first, texts }) => (first === next ? next + texts.length : NaN),
    0,
  );
  if (end !== length) throw new PermanentError(`"${message.type}" brings values with gaps`);
  return { event: { ...rest, type: event.type }, values: valuesOf(length, found) };
}

/** A cast: it was checked as it was fetched. */
function partOf({ chunks }: Incoming, hash: string): Values['full'][number] {
  const chunk = chunks?.get(hash);
  if (chunk === undefined) throw new PermanentError(`chunk ${hash} is not at hand`);
  return chunk as Values['full'][number];
}
