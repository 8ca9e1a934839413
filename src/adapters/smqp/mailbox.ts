/**
 * One in-process queue and who reads it. Taking one message from smqp's queue costs more the longer it is,
 * so all that waits there is taken over at once, and a consumer holds its unacked ones itself.
 */
import type { Queue as SmqpQueue } from 'smqp';
import type { ConsumeOptions, Publication } from '../../ports/broker.ts';
import type { Queue } from '../../protocol/topology.ts';
import { Consumer } from './consumer.ts';

/** A message in a queue, or out of it and not acked. */
export type Waiting = {
  publication: Publication;
  redelivered: boolean;
  /** Its place in the order of publishing. */
  place: number;
};

/** After this many deliveries in a row I/O and timers get their turn. */
const burst = 500;

export class Mailbox {
  /** For exchanges to bind. */
  readonly queue: SmqpQueue;
  readonly #declared: Queue;
  readonly #onUnused: () => void;
  #consumers: Consumer[] = [];
  // Taken over from smqp's queue: what waits before all that is still in it.
  #front: Waiting[] = [];
  #taken = 0;
  #next = 0;
  #scheduled = false;

  /** `onUnused` is called when the last consumer of an exclusive queue has ended. */
  constructor(queue: SmqpQueue, declared: Queue, onUnused: () => void) {
    this.queue = queue;
    this.#declared = declared;
    this.#onUnused = onUnused;
  }

  get waiting(): number {
    return this.#front.length - this.#taken + this.queue.messageCount;
  }

  isFull(): boolean {
    const { maxLength } = this.#declared;
    return maxLength !== undefined && this.waiting >= maxLength;
  }

  put(waiting: Waiting): void {
    const { exchange, routingKey, properties } = waiting.publication;
    const { messageId, timestamp } = properties;
    this.queue.queueMessage({ exchange, routingKey }, waiting, { messageId, timestamp });
    this.#schedule();
  }

  consume(options: ConsumeOptions): Consumer {
    const consumer: Consumer = new Consumer(
      { ready: () => this.#schedule(), leave: (who, unacked) => this.#leave(who, unacked) },
      options,
    );
    this.#consumers.push(consumer);
    this.#schedule();
    return consumer;
  }

  /** Ends all consumers; `reason` is told to them. */
  cut(reason?: string): void {
    for (const consumer of this.#consumers) consumer.cut(reason);
    this.#consumers = [];
  }

  #leave(consumer: Consumer, unacked: Waiting[]): void {
    this.#consumers = this.#consumers.filter((each) => each !== consumer);
    if (unacked.length > 0) this.#giveBack(unacked);
    if (this.#declared.exclusive && this.#consumers.length === 0) this.#onUnused();
    else this.#schedule();
  }

  #giveBack(unacked: Waiting[]): void {
    const returned = unacked.map((waiting) => ({ ...waiting, redelivered: true }));
    const front = [...returned, ...this.#front.slice(this.#taken)];
    this.#front = front.sort((a, b) => a.place - b.place);
    this.#taken = 0;
  }

  #schedule(): void {
    if (this.#scheduled || this.#consumers.length === 0 || this.waiting === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#drain());
  }

  #drain(): void {
    for (let count = 0; count < burst; count += 1) {
      const consumer = this.#pick();
      const waiting = consumer && this.#take();
      if (waiting === undefined) {
        this.#scheduled = false;
        return;
      }
      consumer?.deliver(waiting);
    }
    setImmediate(() => this.#drain());
  }

  /** Whose turn it is: the only active one, or the next with room. */
  #pick(): Consumer | undefined {
    const consumers = this.#consumers;
    if (this.#declared.singleActiveConsumer)
      return consumers[0]?.hasRoom() ? consumers[0] : undefined;
    for (let tried = 0; tried < consumers.length; tried += 1) {
      const consumer = consumers[this.#next++ % consumers.length];
      if (consumer?.hasRoom()) return consumer;
    }
    return undefined;
  }

  #take(): Waiting | undefined {
    if (this.#taken === this.#front.length) this.#refill();
    const waiting = this.#front[this.#taken];
    if (waiting !== undefined) this.#taken += 1;
    return waiting;
  }

  #refill(): void {
    this.#front = this.queue.messages.map(({ content }) => asWaiting(content));
    this.#taken = 0;
    // smqp's only way to empty a queue at once.
    if (this.#front.length > 0)
      this.queue.recover({ name: this.queue.name, options: {}, messages: [] });
  }
}

/** A cast: only `put` above fills the queue. */
function asWaiting(content: unknown): Waiting {
  return content as Waiting;
}
