/**
 * The chunks of frozen groups: named by their hash, and stored once. A chunk object that was stored or
 * loaded before is never serialised again. Many of them are frozen and thawed in slices.
 */
import type { Blobs } from '../ports/blobs.ts';
import { sha256 } from '../protocol/hash.ts';
import { nextTurn } from './nextTurn.ts';

/** Chunks whose text is shorter stay inside the snapshot. */
const inlineChunk = 4096;

/** After so many chunks everybody else gets a turn of the event loop. */
const chunksInARow = 4;

/** One freezing: what it has named so far, and the texts that are to be stored, by hash. */
export type Freezing = { names: Map<object, unknown>; fresh: Map<string, string> };

export class ChunkKeeper {
  readonly #blobs: Blobs;
  readonly #stored = new WeakMap<object, string>();

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  /** The chunks by name; a short one stays itself. */
  async freeze(chunks: readonly object[], freezing: Freezing): Promise<unknown[]> {
    const { fresh } = freezing;
    const frozen: unknown[] = [];
    for (const chunk of chunks) {
      const before = fresh.size;
      frozen.push(this.#nameOf(chunk, freezing));
      if (fresh.size > before && fresh.size % chunksInARow === 0) await nextTurn();
    }
    return frozen;
  }

  async thaw(chunks: readonly unknown[]): Promise<unknown[]> {
    const thawed: unknown[] = [];
    for (const chunk of chunks) {
      thawed.push(typeof chunk === 'string' ? await this.chunk(chunk) : chunk);
      if (thawed.length % chunksInARow === 0) await nextTurn();
    }
    return thawed;
  }

  /** The chunk of this hash. */
  async chunk(hash: string): Promise<object> {
    const chunk = JSON.parse(await this.#blobs.get(hash)) as object;
    this.#stored.set(chunk, hash);
    return chunk;
  }

  /** The texts of this freezing are stored. */
  stored({ names }: Freezing): void {
    for (const [chunk, name] of names) {
      if (typeof name === 'string') this.#stored.set(chunk, name);
    }
  }

  #nameOf(chunk: object, { names, fresh }: Freezing): unknown {
    const known = this.#stored.get(chunk) ?? names.get(chunk);
    if (known !== undefined) return known;
    const text = JSON.stringify(chunk);
    const name = text.length < inlineChunk ? chunk : sha256(text);
    names.set(chunk, name);
    if (typeof name === 'string') fresh.set(name, text);
    return name;
  }
}
