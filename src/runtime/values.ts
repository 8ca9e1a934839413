/**
 * The value log of a group: results and data as opaque JSON texts, appended in the order they were
 * accepted. Machines hold their numbers, so a turn never copies user data.
 */

type Chunk = {
  /** Number of its first text. */
  readonly first: number;
  readonly texts: readonly string[];
  readonly bytes: number;
};

/** Append-only; a full chunk never changes again, so a snapshot stores it once. */
export type Values = { readonly length: number; readonly chunks: readonly Chunk[] };

export const noValues: Values = { length: 0, chunks: [] };

/** A chunk holds at most this many texts: appending copies no more. */
const chunkTexts = 256;

/** A chunk that has grown past this is closed. */
const chunkBytes = 256 * 1024;

/** The log with one text more, and its number. */
export function appendValue(values: Values, text: string): [Values, number] {
  const last = values.chunks.at(-1);
  const isOpen = last !== undefined && last.texts.length < chunkTexts && last.bytes < chunkBytes;
  const chunk: Chunk = isOpen
    ? { ...last, texts: [...last.texts, text], bytes: last.bytes + text.length }
    : { first: values.length, texts: [text], bytes: text.length };
  const before = isOpen ? values.chunks.slice(0, -1) : values.chunks;
  return [{ length: values.length + 1, chunks: [...before, chunk] }, values.length];
}

/** The text of a number, found by halving. */
export function valueAt({ length, chunks }: Values, number: number): string {
  let [low, high] = [0, chunks.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((chunks[middle]?.first ?? length) <= number) low = middle;
    else high = middle;
  }
  const chunk = chunks[low];
  const text = chunk?.texts[number - chunk.first];
  if (text === undefined) throw new RangeError(`value ${number} of ${length} does not exist`);
  return text;
}
