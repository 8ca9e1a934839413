/**
 * What one consumer acks in a turn of the event loop, said in as few words as AMQP has: one for all from the
 * oldest delivery on, one for each that is acked before an older one. A quorum queue journals every word.
 */

export type Ack = {
  tag: number;
  /** This one and all before it. */
  isUpTo: boolean;
};

export class Acks {
  /** All up to this tag are acked. */
  #upTo = 0;
  /** Acked, though an older one is not. */
  readonly #beyond = new Set<number>();
  /** Not said yet. */
  #unsaid: number[] = [];

  /** Tags count up from 1. False when it was acked before. */
  add(tag: number): boolean {
    if (tag <= this.#upTo || this.#beyond.has(tag)) return false;
    this.#beyond.add(tag);
    this.#unsaid.push(tag);
    return true;
  }

  /** All up to this one. False when they were acked before. */
  addUpTo(tag: number): boolean {
    if (tag <= this.#upTo) return false;
    for (const each of this.#beyond) if (each <= tag) this.#beyond.delete(each);
    this.#upTo = tag;
    this.#unsaid.push(tag);
    return true;
  }

  /** What is to be said now, once. A tag that stands for all before it was never said before. */
  take(): Ack[] {
    while (this.#beyond.delete(this.#upTo + 1)) this.#upTo += 1;
    let newest = 0;
    const acks: Ack[] = [];
    for (const tag of this.#unsaid) {
      if (tag > this.#upTo) acks.push({ tag, isUpTo: false });
      else newest = Math.max(newest, tag);
    }
    this.#unsaid = [];
    return newest === 0 ? acks : [{ tag: newest, isUpTo: true }, ...acks];
  }
}
