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

/**
 * Append-only. A full chunk never changes again, so a snapshot stores it once. Texts are added to the open
 * one in place: a version of the log ends at its length, whatever newer ones have added since.
 */
export type Values = {
  readonly length: number;
  readonly full: readonly Chunk[];
  readonly open: { readonly first: number; readonly texts: string[]; readonly bytes: number };
};

export const noValues: Values = { length: 0, full: [], open: { first: 0, texts: [], bytes: 0 } };

/** A chunk holds at most this many texts. */
const chunkTexts = 256;

/** A chunk that has grown past this is closed. */
const chunkBytes = 256 * 1024;

/** The log with one text more, and its number. */
export function appendValue(values: Values, text: string): [Values, number] {
  const { length, full, open } = values;
  const { first } = open;
  const bytes = open.bytes + text.length;
  // Of two logs that were made of one, the second has to leave the first its texts.
  const isNewest = length > 0 && open.texts.length === length - first;
  const texts = isNewest ? open.texts : open.texts.slice(0, length - first);
  texts.push(text);
  const isFull = texts.length >= chunkTexts || bytes >= chunkBytes;
  const next = isFull
    ? { full: [...full, { first, texts, bytes }], open: { first: length + 1, texts: [], bytes: 0 } }
    : { full, open: { first, texts, bytes } };
  return [{ length: length + 1, ...next }, length];
}

/** The text of a number, found by halving. */
export function valueAt({ length, full, open }: Values, number: number): string {
  const chunk = number >= open.first ? open : chunkOf(full, number);
  const text = number < length ? chunk?.texts[number - chunk.first] : undefined;
  if (text === undefined) throw new RangeError(`value ${number} of ${length} does not exist`);
  return text;
}

function chunkOf(full: readonly Chunk[], number: number): Chunk | undefined {
  let [low, high] = [0, full.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((full[middle]?.first ?? number) <= number) low = middle;
    else high = middle;
  }
  return full[low];
}

/** All of it, to be stored; the open chunk as it is now. */
export function chunksOf({ length, full, open }: Values): readonly Chunk[] {
  const { first, texts, bytes } = open;
  return length === first
    ? full
    : [...full, { first, texts: texts.slice(0, length - first), bytes }];
}

/** The log of what `chunksOf` answered. */
export function valuesOf(length: number, chunks: readonly Chunk[]): Values {
  const last = chunks.at(-1);
  if (last === undefined) return noValues;
  const isFull = last.texts.length >= chunkTexts || last.bytes >= chunkBytes;
  if (isFull) return { length, full: chunks, open: { first: length, texts: [], bytes: 0 } };
  return { length, full: chunks.slice(0, -1), open: { ...last, texts: last.texts.slice() } };
}
