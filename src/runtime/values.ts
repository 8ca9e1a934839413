/**
 * The value log of a group: results and data as opaque JSON texts, appended in the order they were
 * accepted. Machines hold their numbers, so a turn never copies user data.
 */

type Chunk = { readonly texts: readonly string[]; readonly bytes: number };

/** Append-only; a full chunk never changes again, so a snapshot stores it once. */
export type Values = { readonly length: number; readonly chunks: readonly Chunk[] };

export const noValues: Values = { length: 0, chunks: [] };

/** Two numbers of this size find a value: a chunk holds at most this many. */
const chunkTexts = 256;

/** A chunk that has grown past this is closed. */
const chunkBytes = 256 * 1024;

/** The log with one text more, and its number. */
export function appendValue(values: Values, text: string): [Values, number] {
  const last = values.chunks.at(-1);
  const isOpen = last !== undefined && last.texts.length < chunkTexts && last.bytes < chunkBytes;
  const chunk: Chunk = isOpen
    ? { texts: [...last.texts, text], bytes: last.bytes + text.length }
    : { texts: [text], bytes: text.length };
  const before = isOpen ? values.chunks.slice(0, -1) : values.chunks;
  return [{ length: values.length + 1, chunks: [...before, chunk] }, values.length];
}

/** The text of a number. */
export function valueAt(values: Values, number: number): string {
  let first = 0;
  for (const chunk of values.chunks) {
    const text = chunk.texts[number - first];
    if (number < first + chunk.texts.length && text !== undefined) return text;
    first += chunk.texts.length;
  }
  throw new RangeError(`value ${number} of ${values.length} does not exist`);
}
