/**
 * One in-process queue and who reads it. smqp knows it by name, for its exchanges to find; what waits is
 * held here, since taking one message from smqp's own queue costs more the longer it is.
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

/** As many taken messages are worth a copy of those that wait. */
const cutOffAt = 1024;

/** After this many deliveries in a row I/O and timers get their turn. */
const burst = 500;

export class Mailbox {
  /** For exchanges to bind. */
  readonly queue: SmqpQueue;
  readonly #declared: Queue;
  readonly #onUnused: () => void;
  #consumers: Consumer[] = [];
  #messages: Waiting[] = [];
  /** So many of them have been taken, and are cut off now and then. */
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
    return this.#messages.length - this.#taken;
  }

  get consumers(): number {
    return this.#consumers.length;
  }

  isFull(): boolean {
    const { maxLength } = this.#declared;
    return maxLength !== undefined && this.waiting >= maxLength;
  }

  put(waiting: Waiting): void {
    this.#messages.push(waiting);
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
    if (this.#declared.kind === 'exclusive' && this.#consumers.length === 0) this.#onUnused();
    else this.#schedule();
  }

  #giveBack(unacked: Waiting[]): void {
    const returned = unacked.map((waiting) => ({ ...waiting, redelivered: true }));
    const messages = [...returned, ...this.#messages.slice(this.#taken)];
    this.#messages = messages.sort((a, b) => a.place - b.place);
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
    const waiting = this.#messages[this.#taken];
    if (waiting === undefined) return undefined;
    this.#taken += 1;
    if (this.#taken === this.#messages.length) this.#cutOff();
    else if (this.#taken >= cutOffAt && this.#taken * 2 > this.#messages.length) this.#cutOff();
    return waiting;
  }

  #cutOff(): void {
    this.#messages = this.#messages.slice(this.#taken);
    this.#taken = 0;
  }
}
