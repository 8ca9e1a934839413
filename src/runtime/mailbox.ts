/**
 * What has arrived for one partition and is not yet taken. Batches form by themselves: while one is
 * being committed the next gathers.
 */
import type { Delivery } from '../ports/broker.ts';
import type { Incoming } from './incoming.ts';

/** From the broker, or a message of the host's own (a timer), which needs no ack. */
export type Arrival = { delivery: Delivery } | { own: Incoming };

export class Mailbox {
  #arrivals: Arrival[] = [];
  #isClosed = false;
  #wake: (() => void) | undefined;

  push(arrival: Arrival): void {
    if (this.#isClosed) return;
    this.#arrivals.push(arrival);
    this.#wake?.();
  }

  /** Nothing more is taken; what is in hand is still delivered, unless `isDropping`. */
  close({ isDropping = false } = {}): void {
    this.#isClosed = true;
    if (isDropping) this.#arrivals = [];
    this.#wake?.();
  }

  /** Batches of at most `size`, until closed and empty. */
  async *batches(size: number): AsyncGenerator<Arrival[]> {
    for (;;) {
      while (this.#arrivals.length > 0) yield this.#arrivals.splice(0, size);
      if (this.#isClosed) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
