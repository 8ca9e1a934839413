/**
 * Finds partitions that nobody owns. AMQP tells nothing to the consumer of an empty queue, so a partition whose
 * owner has died is woken by whoever sees it (architecture, section 13); pure but for what it has seen before.
 */
import type { View } from './presence.ts';

/** A partition that no moving counter has owned for so long is an orphan. */
const orphanMs = 1500;

/** It is woken once in this time, until somebody owns it. */
const againMs = 5000;

export class Orphans {
  /** When each partition was last owned by a counter that moved. */
  readonly #ownedAt = new Map<number, number>();
  readonly #wokenAt = new Map<number, number>();

  /** Those of `standingBy` that are to be woken now. */
  find({ at, hosts }: View, standingBy: readonly number[]): number[] {
    for (const { document, movedAt } of hosts) {
      for (const { partition } of document.owns) {
        this.#ownedAt.set(partition, Math.max(movedAt, this.#ownedAt.get(partition) ?? movedAt));
      }
    }
    return standingBy.filter((partition) => this.#isToBeWoken(partition, at));
  }

  #isToBeWoken(partition: number, at: number): boolean {
    const ownedAt = this.#ownedAt.get(partition);
    if (ownedAt === undefined) this.#ownedAt.set(partition, at);
    if (at - (ownedAt ?? at) < orphanMs) return false;
    if (at - (this.#wokenAt.get(partition) ?? -Infinity) < againMs) return false;
    this.#wokenAt.set(partition, at);
    return true;
  }
}
