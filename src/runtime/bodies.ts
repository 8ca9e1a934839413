/**
 * Brings what a message names by hash into memory before its turn: its body, and the chunks that its body
 * holds by name. A turn is pure and cannot wait, so nothing is fetched in one.
 */
import { z } from 'zod';
import { PermanentError } from '../protocol/errors.ts';
import { checkValueChunk, valueHashes } from './brought.ts';
import type { Incoming } from './incoming.ts';
import { nextTurn } from './nextTurn.ts';
import { changeAt, placeAt } from './places.ts';
import { kindOf } from './registry.ts';
import type { Registry } from './registry.ts';
import type { Freezer } from './snapshots.ts';

/** After so many chunks everybody else gets a turn of the event loop. */
const chunksInARow = 4;

const namedSchema = z.object({ size: z.number(), chunks: z.array(z.string()) });

/** Where in the bodies of such messages chunks may be, with the schema of one item. */
function placesIn(registry: Registry, { to, type }: Incoming): [string[], z.ZodType][] {
  const places = registry.find(kindOf(to))?.definition.chunkedBodies?.[type] ?? {};
  return Object.entries(places).map(([path, item]) => [path.split('.'), item]);
}

/** False for nearly all messages, so that no small body is read twice. */
export function namesChunks({ body }: Incoming): boolean {
  return body?.includes('"chunks":') === true;
}

/**
 * The message with the chunks that its body names. Throws PermanentError when one is not what the actor
 * takes, MillraceError `store` when one is missing.
 */
export async function withChunks(
  { registry, freezer }: { registry: Registry; freezer: Freezer },
  message: Incoming,
): Promise<Incoming> {
  const places = namesChunks(message) ? placesIn(registry, message) : [];
  if (places.length === 0) return message;
  const parsed = jsonOf(message.body ?? '');
  const chunks = new Map<string, object>();
  const bring = async (hash: string, check: (chunk: object) => void): Promise<void> => {
    const chunk = await freezer.chunk(hash);
    check(chunk);
    chunks.set(hash, chunk);
    if (chunks.size % chunksInARow === 0) await nextTurn();
  };
  for (const [path, item] of places) {
    const named = namedSchema.safeParse(placeAt(parsed, path));
    if (!named.success) continue;
    const chunkSchema = z.array(item);
    for (const hash of named.data.chunks) {
      await bring(hash, (chunk) => {
        const { error } = chunkSchema.safeParse(chunk);
        const where = `chunk ${hash} of "${path.join('.')}"`;
        if (error !== undefined)
          throw new PermanentError(`${where} does not fit: ${error.message}`);
      });
    }
  }
  for (const hash of valueHashes(registry, message, parsed)) {
    await bring(hash, (chunk) => checkValueChunk(hash, chunk));
  }
  return { ...message, chunks };
}

/** The event of such a message: the chunks themselves where their names were. */
export function withChunksInPlace<T extends object>(
  registry: Registry,
  message: Incoming,
  event: T,
): T {
  return placesIn(registry, message).reduce<T>(
    (changed, [path]) => changeAt(changed, path, (place) => chunked(place, message.chunks)) as T,
    event,
  );
}

function chunked(place: unknown, chunks: Incoming['chunks']): unknown {
  const named = namedSchema.safeParse(place);
  if (!named.success) return place;
  const found = named.data.chunks.map((hash) => {
    const chunk = chunks?.get(hash);
    if (chunk === undefined) throw new PermanentError(`chunk ${hash} is not at hand`);
    return chunk;
  });
  return { size: named.data.size, chunks: found };
}

/** What is no JSON is refused where it is read against its schema. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
