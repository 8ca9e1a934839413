/**
 * Persistent arrays cut into chunks: a change copies the chunks it touches and the spine, never the
 * whole, so that object identity says what changed (architecture, sections 3 and 6). Plain JSON.
 */

export type Chunks<T> = { readonly size: number; readonly chunks: readonly (readonly T[])[] };

/** Items in a chunk; every chunk but the last is full. */
export const chunkSize = 256;

/** A changeable copy of a chunked array: chunks are copied when they are first touched. */
export type Draft<T> = {
  readonly size: number;
  at(index: number): T;
  set(index: number, item: T): void;
  push(item: T): void;
};

/** An array cut into chunks. */
export function toChunks<T>(items: readonly T[]): Chunks<T> {
  const chunks: T[][] = [];
  for (let from = 0; from < items.length; from += chunkSize) {
    chunks.push(items.slice(from, from + chunkSize));
  }
  return { size: items.length, chunks };
}

/** The list in chunks, the very same one if it is cut already. */
export function asChunks<T>(list: readonly T[] | Chunks<T>): Chunks<T> {
  return 'chunks' in list ? list : toChunks(list);
}

/** As many items, each what `make` answers for the item beside it; chunks that would be alike are one. */
export function mapChunks<T, U extends object>(
  { size, chunks }: Chunks<T>,
  make: (item: T) => U,
): Chunks<U> {
  let before: U[] = [];
  const mapped = chunks.map((chunk) => {
    const next = chunk.map(make);
    const isAlike = next.length === before.length && next.every((item, n) => item === before[n]);
    if (!isAlike) before = next;
    return before;
  });
  return { size, chunks: mapped };
}

/** The item at an index, or undefined outside of the array. */
export function find<T>(list: Chunks<T>, index: number): T | undefined {
  return list.chunks[Math.floor(index / chunkSize)]?.[index % chunkSize];
}

/** The item at an index that is known to exist. */
export function at<T>(list: Chunks<T>, index: number): T {
  const item = find(list, index);
  if (item === undefined) throw new RangeError(`no item ${index} among ${list.size}`);
  return item;
}

/** All changes of one turn in one copy; each touched chunk is copied once (shapes.md, Group state). */
export function edit<T>(list: Chunks<T>, change: (draft: Draft<T>) => void): Chunks<T> {
  const editing = new Editing(list);
  change(editing);
  return editing.done();
}

/** A draft that is closed by hand, for turns that edit several arrays side by side. */
export class Editing<T> implements Draft<T> {
  readonly #before: Chunks<T>;
  /** The chunks as they are now; copied, like each chunk, with the first change. */
  #chunks: readonly (readonly T[])[];
  #spine: (readonly T[])[] | undefined;
  #size: number;

  constructor(before: Chunks<T>) {
    this.#before = before;
    this.#chunks = before.chunks;
    this.#size = before.size;
  }

  get size(): number {
    return this.#size;
  }

  at(index: number): T {
    const item = this.#chunks[Math.floor(index / chunkSize)]?.[index % chunkSize];
    if (item === undefined) throw new RangeError(`no item ${index} among ${this.#size}`);
    return item;
  }

  set(index: number, item: T): void {
    this.#copy(Math.floor(index / chunkSize))[index % chunkSize] = item;
  }

  push(item: T): void {
    this.#copy(Math.floor(this.#size / chunkSize)).push(item);
    this.#size += 1;
  }

  #copy(number: number): T[] {
    const spine = (this.#spine ??= this.#before.chunks.slice());
    this.#chunks = spine;
    const chunk = spine[number];
    const before = this.#before.chunks[number];
    // A cast: one that is not as it was before is this draft's own copy.
    if (chunk !== undefined && chunk !== before) return chunk as T[];
    const copy = before?.slice() ?? [];
    spine[number] = copy;
    return copy;
  }

  /** The changed array; the same object when nothing was changed. */
  done(): Chunks<T> {
    if (this.#spine === undefined) return this.#before;
    return { size: this.#size, chunks: this.#chunks };
  }
}
