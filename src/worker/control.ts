/**
 * A worker's own queue: cancels and reports for all workers, and answers to what this one has asked. Hosts are
 * asked what they own before the first attempt is taken, and whenever the queue was gone for a while.
 */
import type { Broker } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import { exchanges, ownQueueTopology } from '../protocol/topology.ts';
import { backoffMs } from '../runtime/backoff.ts';
import type { Claims } from './claims.ts';
import { decodeControl } from './messages.ts';
import type { ControlMessage } from './messages.ts';
import type { Publisher } from './publisher.ts';
import type { Sayings } from './sayings.ts';
import { subscribe } from './subscription.ts';
import type { Receipt, Subscription } from './subscription.ts';

/** Hosts have this long to answer before attempts are taken. */
const helloMs = 1_000;

/** While an owner has not been heard of, hosts are asked again: soon at first, as they may come back with the network. */
const helloAgain = { firstMs: 1_000, mostMs: 10_000 };

export type ControlOptions = {
  broker: Broker;
  clock: Clock;
  random(): number;
  publisher: Publisher;
  sayings: Sayings;
  claims: Claims;
  /** Name of the queue. */
  queue: string;
  onMessage(message: ControlMessage): void;
  /** The queue is back after it was gone, and with it what came meanwhile. */
  onBack(): void;
};

export class Control {
  readonly #options: ControlOptions;
  #subscription: Subscription | undefined;
  #isFirst = true;
  /** Since the queue was opened last. */
  #hellos = 0;
  #isClosed = false;
  #onComplete: () => void = () => undefined;
  #takeBack: (() => void) | undefined;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** Resolves when cancels are heard, and hosts have said what they own, or had their time. */
  async open(): Promise<void> {
    const { broker, clock, random, queue } = this.#options;
    this.#subscription = await subscribe({
      ...{ broker, clock, random, queue },
      topology: ownQueueTopology(exchanges.control, queue, ''),
      prefetch: 100,
      onReceipt: (receipt) => this.#take(receipt),
      onOpened: () => this.#opened(),
      onLost: () => this.#lost(),
    });
    await this.#hello();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#takeBack?.();
    this.#onComplete();
    await this.#subscription?.close();
  }

  #opened(): void {
    if (this.#isFirst) {
      this.#isFirst = false;
      return;
    }
    this.#hellos = 0;
    void this.#hello();
    this.#options.onBack();
  }

  #lost(): void {
    const { broker, claims } = this.#options;
    if (broker.isRemote) claims.forget();
  }

  #take(receipt: Receipt): void {
    const message = decodeControl(receipt.delivery);
    receipt.ack();
    if (message === undefined) return;
    if (message.type === 'attempt.report') {
      this.#options.claims.report(message.body);
      if (this.#options.claims.isComplete) this.#onComplete();
    }
    this.#options.onMessage(message);
  }

  /** May change while the caller awaits. */
  #hasBeenClosed(): boolean {
    return this.#isClosed;
  }

  /** In one process the worker is there before any owner. */
  async #hello(): Promise<void> {
    const { broker, clock, random, publisher, sayings, claims } = this.#options;
    if (!broker.isRemote || this.#isClosed) return;
    this.#hellos += 1;
    const until = clock.now() + helloMs;
    const isWanted = (): boolean => !this.#isClosed && clock.now() < until;
    void publisher.publish(sayings.hello(), isWanted);
    await new Promise<void>((resolve) => {
      const takeBack = clock.after(helloMs, resolve);
      this.#onComplete = () => {
        takeBack();
        resolve();
      };
    });
    this.#takeBack?.();
    if (claims.isComplete || this.#hasBeenClosed()) return;
    const againMs = backoffMs(this.#hellos, random(), helloAgain);
    this.#takeBack = clock.after(againMs, () => void this.#hello());
  }
}
