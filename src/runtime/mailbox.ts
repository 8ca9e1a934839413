/**
 * What has arrived for one partition and is not yet taken. Batches form by themselves: while one is
 * being committed the next gathers.
 */
import type { Delivery } from '../ports/broker.ts';
import type { Incoming } from './incoming.ts';

/** From the broker, or a message of the host's own (a timer), which needs no ack. */
export type Arrival = { delivery: Delivery } | { own: Incoming };

/** Characters of bodies in a batch: what one turn of the loop parses, and one commit writes. */
const batchLength = 8 * 1024 * 1024;

export class Mailbox {
  #arrivals: Arrival[] = [];
  #isClosed = false;
  #isInterrupted = false;
  #wake: (() => void) | undefined;

  /** Its ownership has ended, or is about to. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

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

  /** The batches end after the one in hand; the next ones go on with what has arrived. */
  interrupt(): void {
    this.#isInterrupted = true;
    this.#wake?.();
  }

  /** Resolves at the first arrival, with true; with false when it is closed before. */
  async first(): Promise<boolean> {
    if (this.#arrivals.length === 0 && !this.#isClosed) await this.#more();
    return this.#arrivals.length > 0;
  }

  /** Batches of at most `size` messages and 8 MiB, until closed and empty; a larger message comes alone. */
  async *batches(size: number): AsyncGenerator<Arrival[]> {
    for (;;) {
      if (this.#isInterrupted) break;
      if (this.#arrivals.length > 0) yield this.#arrivals.splice(0, this.#fitting(size));
      else if (this.#isClosed) break;
      else await this.#more();
    }
    this.#isInterrupted = false;
  }

  /** Resolves when something arrives, or it is closed. */
  async #more(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  /** How many of the first go into one batch. */
  #fitting(size: number): number {
    let length = 0;
    for (let count = 0; count < size; count += 1) {
      const arrival = this.#arrivals[count];
      if (arrival === undefined) return count;
      length += lengthOf(arrival);
      if (length > batchLength) return Math.max(1, count);
    }
    return size;
  }
}

function lengthOf(arrival: Arrival): number {
  return 'delivery' in arrival ? arrival.delivery.body.length : 0;
}
