/**
 * What a consumer holds unacked, by tag. A list and not a Map: tags are numbers in a row, and a Map that
 * is filled and emptied all the time leaves tables behind that keep what was in them from being collected.
 */
import type { Waiting } from './mailbox.ts';

/** So many acked places at the front are cut off together. */
const cutOffAt = 1024;

export class Unacked {
  /** In the order of their tags; undefined where it is acked. */
  #held: (Waiting | undefined)[] = [];
  /** Tag of the first of them. */
  #first = 1;
  /** So many at the front are acked. */
  #acked = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Answers the tag of what is added: one more than the last. */
  add(waiting: Waiting): number {
    this.#held.push(waiting);
    this.#size += 1;
    return this.#first + this.#held.length - 1;
  }

  /** False when there is no such tag, or no more. */
  take(tag: number): boolean {
    const wasHeld = this.#take(tag - this.#first);
    this.#advance();
    return wasHeld;
  }

  takeUpTo(tag: number): void {
    const last = Math.min(tag - this.#first, this.#held.length - 1);
    for (let place = this.#acked; place <= last; place += 1) this.#take(place);
    this.#advance();
  }

  /** Those that are left, in order. */
  takeAll(): Waiting[] {
    const left = this.#held.filter((waiting) => waiting !== undefined);
    this.#first += this.#held.length;
    this.#held = [];
    this.#acked = 0;
    this.#size = 0;
    return left;
  }

  #take(place: number): boolean {
    if (this.#held[place] === undefined) return false;
    this.#held[place] = undefined;
    this.#size -= 1;
    return true;
  }

  #advance(): void {
    while (this.#acked < this.#held.length && this.#held[this.#acked] === undefined)
      this.#acked += 1;
    if (this.#acked < cutOffAt && this.#acked < this.#held.length) return;
    this.#first += this.#acked;
    this.#held = this.#held.slice(this.#acked);
    this.#acked = 0;
  }
}
