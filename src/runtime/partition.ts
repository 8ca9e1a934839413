/**
 * Stands by for one partition for as long as the host runs: consumes its queue, owns it at the first delivery,
 * delivers, lets go or loses it, and consumes anew. Who gets a partition is the broker's to say.
 */
import type { Channel } from '../ports/broker.ts';
import { FencedError, MillraceError } from '../protocol/errors.ts';
import { partitionQueue } from '../protocol/topology.ts';
import { prefetch } from './delivery.ts';
import { hold } from './hold.ts';
import { partitionWake } from '../protocol/forOwner.ts';
import { Mailbox } from './mailbox.ts';
import type { Ownership } from './ownership.ts';
import { Rest } from './rest.ts';
import type { Runtime } from './runtime.ts';
import { beginTenure, unlessLost } from './tenure.ts';
import type { Tenure } from './tenure.ts';
import { tellOwner } from './toOwner.ts';

export type PartitionOptions = {
  /** No other host can have it: it is woken at once, and handed to nobody. */
  isAlone: boolean;
  /** Runs what must not run for two partitions at a time. */
  inTurn<T>(task: () => Promise<T>): Promise<T>;
  /** Another host is to have it that has too few. */
  declines(partition: number): boolean;
  /** A queue may be gone: declares what is ours, and finds out what the broker has forgotten. */
  onTrouble(partition: number, why: string): Promise<void>;
};

/** `away`: not consuming just now; `refused`: it belongs to a newer program, or is damaged. */
export type PartitionState = 'away' | 'standing by' | 'taking over' | 'owned' | 'refused';

export class PartitionHost {
  readonly partition: number;
  readonly #runtime: Runtime;
  readonly #options: PartitionOptions;
  readonly #rest: Rest;
  #mailbox: Mailbox | undefined;
  #ownership: Ownership | undefined;
  #running: Promise<void> | undefined;
  #state: PartitionState = 'away';
  #isStopping = false;
  #hasOwned = false;

  constructor(runtime: Runtime, partition: number, options: PartitionOptions) {
    this.#runtime = runtime;
    this.partition = partition;
    this.#options = options;
    this.#rest = new Rest(runtime);
  }

  /** The partition's ownership while it is ours. */
  get ownership(): Ownership | undefined {
    return this.#ownership;
  }

  get state(): PartitionState {
    return this.#state;
  }

  /**
   * Resolves once the queue is consumed; for a host that is alone, once the partition is owned and all that it owes
   * is sent. Rejects when a host that is alone cannot own it at all.
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#running = this.#keep(resolve, reject);
    });
  }

  /** Finishes the batch in hand, writes the checkpoint, lets go for good. May be called twice. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#rest.end();
    this.letGo();
    await this.#running;
  }

  /** Gives the partition to another host: stands by behind the others once what is in hand is done. */
  letGo(): void {
    // What is not taken yet goes back to the broker, unless that forgets with us.
    this.#mailbox?.close({ isDropping: !this.#options.isAlone });
  }

  /** Has it owned anew if it is, and what every active group owes sent again, unless that was done in this epoch. */
  reconcile(): void {
    const { ownership } = this;
    if (ownership !== undefined && ownership.epoch !== this.#runtime.epoch.current) {
      ownership.reconcile();
    }
  }

  /** The broker is back: what waits for that goes on now. */
  nudge(): void {
    this.#rest.end();
  }

  async #keep(onStarted: () => void, onRefused: (reason: unknown) => void): Promise<void> {
    for (let failures = 0; !this.#isStopping; failures += 1) {
      if (failures > 0) await this.#rest.take(failures);
      if (this.#hasBeenStopped()) return;
      try {
        await this.#hold(onStarted);
        failures = -1;
      } catch (err) {
        if (this.#hasBeenStopped() || this.#refuses(err, failures, onRefused)) return;
        // One that was held had come right: what waits longer each time begins anew.
        if (this.#hasOwned) failures = 0;
        const { partition } = this;
        this.#runtime.log.warn({ err, partition }, 'partition lost; consuming anew');
      } finally {
        if (this.#state !== 'refused') this.#state = 'away';
      }
    }
  }

  /** Whether it is to be left alone for good. */
  #refuses(err: unknown, failures: number, onRefused: (reason: unknown) => void): boolean {
    const { isAlone } = this.#options;
    if (this.#hasOwned) return false;
    const isFirst = isAlone && failures === 0 && !(err instanceof FencedError);
    const isFinal = isFirst || (err instanceof MillraceError && err.code === 'store');
    if (!isFinal) return false;
    this.#state = 'refused';
    const { partition } = this;
    this.#runtime.log.error({ err, partition }, 'partition left alone');
    if (isAlone) onRefused(err);
    return true;
  }

  /** One channel, from its opening to its end. */
  async #hold(onStarted: () => void): Promise<void> {
    const { isAlone } = this.#options;
    const mailbox = new Mailbox();
    this.#mailbox = mailbox;
    this.#hasOwned = false;
    const tenure = beginTenure(this.#runtime, this.partition);
    try {
      const channel = await this.#consume(mailbox, tenure);
      try {
        this.#state = 'standing by';
        if (this.#isStopping) return;
        if (isAlone) await tellOwner(this.#runtime, this.partition, partitionWake);
        else onStarted();
        const hasBegun = await unlessLost(tenure.lost, mailbox.first());
        if (!hasBegun || this.#options.declines(this.partition)) return;
        this.#state = 'taking over';
        await hold(tenure, {
          ...this.#options,
          partition: this.partition,
          channel,
          mailbox,
          onOwned: (ownership) => {
            this.#onOwned(ownership);
            onStarted();
          },
          onEnded: () => {
            this.#ownership = undefined;
            this.#state = 'taking over';
          },
        });
      } finally {
        await channel.close();
      }
    } finally {
      mailbox.close({ isDropping: true });
      tenure.end();
    }
  }

  #onOwned(ownership: Ownership): void {
    this.#ownership = ownership;
    this.#state = 'owned';
    this.#hasOwned = true;
    if (this.#isStopping) this.letGo();
  }

  async #consume(mailbox: Mailbox, tenure: Tenure): Promise<Channel> {
    const queue = partitionQueue(this.partition);
    const onClosed = (why: string): void => {
      tenure.lose(why);
      mailbox.close({ isDropping: true });
      void this.#options.onTrouble(this.partition, why);
    };
    try {
      return await this.#runtime.broker.consume(queue, {
        prefetch,
        onClosed,
        onDelivery: (delivery) => mailbox.push({ delivery }),
      });
    } catch (thrown) {
      await this.#options.onTrouble(this.partition, `its queue cannot be consumed`);
      throw thrown;
    }
  }

  /** May change while the caller awaits. */
  #hasBeenStopped(): boolean {
    return this.#isStopping;
  }
}
