/** All that a worker holds, by start id: an attempt is held once, whatever copies of its start come. */
import { isOurs } from './held.ts';
import type { Held, Lane } from './held.ts';
import { Passing } from './passing.ts';

export class HeldTable {
  readonly #held = new Passing<Held>();

  get(startId: string): Held | undefined {
    return this.#held.get(startId);
  }

  /** Takes the place of another execution of the same attempt. */
  add(held: Held): void {
    this.#held.set(held.start.startId, held);
  }

  /** Nothing when another execution has taken its place. */
  remove(held: Held): void {
    const { startId } = held.start;
    if (this.#held.get(startId) === held) this.#held.delete(startId);
  }

  values(): Held[] {
    return [...this.#held.values()];
  }

  find(executionId: string): Held | undefined {
    return this.values().find((held) => held.executionId === executionId);
  }

  /** What is held of a job type. */
  of(lane: Lane): Held[] {
    return this.values().filter((held) => held.lane === lane);
  }

  /** Start ids of a partition that this worker will answer for. */
  named(partition: string): string[] {
    return this.values().flatMap((held) => {
      const isNamed = held.start.answer.routingKey === partition && isOurs(held) && !held.isOver;
      return isNamed ? held.start.startId : [];
    });
  }
}
