/** One consumer of an in-process queue: what it holds unacked, and how that goes back. */
import type { Channel, ConsumeOptions } from '../../ports/broker.ts';
import type { Waiting } from './mailbox.ts';

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
  // In the order of delivery, which is also that of the tags.
  readonly #unacked = new Map<number, Waiting>();
  #tag = 0;
  #open = true;

  constructor(source: Source, options: ConsumeOptions) {
    this.#source = source;
    this.#options = options;
  }

  hasRoom(): boolean {
    return this.#open && this.#unacked.size < this.#options.prefetch;
  }

  deliver(waiting: Waiting): void {
    this.#tag += 1;
    this.#unacked.set(this.#tag, waiting);
    const { exchange, routingKey, properties, body } = waiting.publication;
    const { redelivered } = waiting;
    this.#options.onDelivery({
      exchange,
      routingKey,
      properties,
      body,
      redelivered,
      tag: this.#tag,
    });
  }

  ack(tag: number): void {
    if (this.#unacked.delete(tag)) this.#source.ready();
  }

  ackUpTo(tag: number): void {
    for (const each of this.#unacked.keys()) {
      if (each > tag) break;
      this.#unacked.delete(each);
    }
    this.#source.ready();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const unacked = [...this.#unacked.values()];
    this.#unacked.clear();
    this.#source.leave(this, unacked);
  }

  /** The queue is gone: nothing goes back; `reason` is told, if there is one to tell. */
  cut(reason?: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#unacked.clear();
    if (reason !== undefined) queueMicrotask(() => this.#options.onClosed(reason));
  }
}
