/** One consumer of an in-process queue: what it holds unacked, and how that goes back. */
import type { Channel, ConsumeOptions } from '../../ports/broker.ts';
import type { Waiting } from './mailbox.ts';
import { Unacked } from './unacked.ts';

/** What a consumer asks of the queue that it reads. */
export type Source = {
  /** It can take more, if it is its turn. */
  ready(): void;
  /** It has ended; these it did not ack. */
  leave(consumer: Consumer, unacked: Waiting[]): void;
};

export class Consumer implements Channel {
  readonly #source: Source;
  readonly #options: ConsumeOptions;
  readonly #unacked = new Unacked();
  #open = true;
  #isReady = false;

  constructor(source: Source, options: ConsumeOptions) {
    this.#source = source;
    this.#options = options;
    // Who consumes has its channel by then.
    setImmediate(() => {
      this.#isReady = true;
      source.ready();
    });
  }

  hasRoom(): boolean {
    return this.#open && this.#isReady && this.#unacked.size < this.#options.prefetch;
  }

  deliver(waiting: Waiting): void {
    const tag = this.#unacked.add(waiting);
    const { exchange, routingKey, properties, body } = waiting.publication;
    const { redelivered } = waiting;
    this.#options.onDelivery({ exchange, routingKey, properties, body, redelivered, tag });
  }

  ack(tag: number): void {
    if (this.#unacked.take(tag)) this.#source.ready();
  }

  ackUpTo(tag: number): void {
    this.#unacked.takeUpTo(tag);
    this.#source.ready();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#source.leave(this, this.#unacked.takeAll());
  }

  /** The queue is gone: nothing goes back; `reason` is told, if there is one to tell. */
  cut(reason?: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#unacked.takeAll();
    if (reason !== undefined) queueMicrotask(() => this.#options.onClosed(reason));
  }
}
