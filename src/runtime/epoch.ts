/**
 * Identity of the broker's memory (architecture, section 12): a message in a queue that the store names. Where that
 * message is gone the broker has forgotten, and whatever groups owe is sent again under a new epoch. A second queue
 * binds the broker to its store.
 */
import { z } from 'zod';
import type { Broker } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import { epochQueue, epochTopology, storeQueue, storeTopology } from '../protocol/topology.ts';
import { backoffMs } from './backoff.ts';

export interface Epoch {
  /** Of the broker's memory as far as it is known. */
  readonly current: string;
  /** Finds out; rejects with MillraceError `store` when the broker serves another store. */
  establish(): Promise<void>;
  /** Something may have been forgotten: finds out, soon. */
  suspect(why: string): void;
  /** Why nothing may be taken from this broker any more: it serves another store by now. */
  readonly refusal?: string | undefined;
  /** Hears of every new epoch, and of a refusal. */
  onChange(listener: () => void): void;
}

/** Of a broker inside this process: a new memory with each start. */
export function inProcessEpoch(current: string): Epoch {
  return {
    current,
    establish: () => Promise.resolve(),
    suspect: () => undefined,
    onChange: () => undefined,
  };
}

export type BrokerEpochOptions = {
  broker: Broker;
  store: Pick<Store, 'id' | 'deployment'>;
  clock: Clock;
  log: { warn(details: object, text: string): void; error(details: object, text: string): void };
  /** Of the host: nothing is found out any more. */
  stopping: AbortSignal;
  newId(): string;
};

/** Whoever finds a queue missing looks again after this: another process may be about to fill it. */
const againMs = 1000;

const bodySchema = z.object({ store: z.string() });

/** Of a broker that outlives this process. */
export class BrokerEpoch implements Epoch {
  readonly #options: BrokerEpochOptions;
  readonly #listeners: (() => void)[] = [];
  #current = '';
  #isChecking = false;
  #suspected: string | undefined;
  #refusal: string | undefined;

  constructor(options: BrokerEpochOptions) {
    this.#options = options;
  }

  get current(): string {
    return this.#current;
  }

  get refusal(): string | undefined {
    return this.#refusal;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async establish(): Promise<void> {
    await this.#insist(async () => {
      await this.#bind();
      await this.#check();
    });
  }

  suspect(why: string): void {
    this.#suspected = why;
    if (!this.#isChecking && this.#current !== '') void this.#checkWhileSuspected();
  }

  /** One look at a time; of many suspicions the last counts, and looks have a second between them. */
  async #checkWhileSuspected(): Promise<void> {
    const { log, stopping } = this.#options;
    this.#isChecking = true;
    try {
      while (this.#suspected !== undefined && !stopping.aborted) {
        this.#suspected = undefined;
        await this.#insist(() => this.#check());
        await this.#wait(againMs);
      }
    } catch (err) {
      if (stopping.aborted) return;
      log.error({ err }, 'the broker is not ours; restart this process once it is');
      this.#refusal = messageOf(err);
      this.#tell();
    } finally {
      this.#isChecking = false;
    }
  }

  /** Again until the broker and the store answer. */
  async #insist(task: () => Promise<void>): Promise<void> {
    const { log, stopping } = this.#options;
    for (let failures = 1; ; failures += 1) {
      try {
        await task();
        return;
      } catch (err) {
        const isFinal = err instanceof MillraceError && err.code === 'store';
        if (isFinal || stopping.aborted) throw err;
        log.warn({ err, failures }, 'the epoch is not known; trying again');
        await this.#wait(backoffMs(failures, 0.5));
      }
    }
  }

  async #check(): Promise<void> {
    const { store, stopping, log, newId } = this.#options;
    for (let missing: string | undefined; !stopping.aborted;) {
      const known = await store.deployment.epoch();
      if (known !== undefined && (await this.#isFilled(epochQueue(known)))) {
        this.#adopt(known);
        return;
      }
      if (known !== undefined && known !== missing) {
        missing = known;
        await this.#wait(againMs);
        continue;
      }
      await this.#bind();
      const next = newId();
      if (known !== undefined)
        log.warn({ epoch: known }, 'the broker has forgotten; sending again');
      if (await store.deployment.changeEpoch(known, next)) {
        await this.#options.broker.declare(epochTopology(next));
        await this.#put(epochQueue(next), 'deployment.epoch');
        this.#adopt(next);
        return;
      }
      await this.#wait(againMs);
    }
  }

  #adopt(epoch: string): void {
    if (epoch === this.#current) return;
    this.#current = epoch;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Leaves the store's id in the broker, or refuses another's that is there. */
  async #bind(): Promise<void> {
    const { broker, store, stopping } = this.#options;
    await broker.declare(storeTopology());
    while (!stopping.aborted) {
      const state = await broker.inspect(storeQueue);
      if (state !== undefined && state.ready + state.consumers === 0) {
        await this.#put(storeQueue, 'deployment.store');
        return;
      }
      const bound = await this.#bound();
      if (bound === store.id) return;
      if (bound !== undefined) throw otherStore(bound, store.id);
    }
  }

  /** The store whose id is in the broker; undefined when somebody else is just looking. */
  async #bound(): Promise<string | undefined> {
    const { broker } = this.#options;
    let take = (_body: string | undefined): void => undefined;
    const taken = new Promise<string | undefined>((resolve) => (take = resolve));
    const channel = await broker.consume(storeQueue, {
      prefetch: 1,
      onDelivery: ({ body }) => take(body),
      onClosed: () => take(undefined),
    });
    try {
      const body = await Promise.race([taken, this.#wait(againMs)]);
      return body === undefined ? undefined : bodySchema.parse(JSON.parse(body)).store;
    } finally {
      // Unacked, so it stays.
      await channel.close();
    }
  }

  async #isFilled(queue: string): Promise<boolean> {
    const state = await this.#options.broker.inspect(queue);
    return state !== undefined && state.ready > 0;
  }

  async #put(queue: string, type: string): Promise<void> {
    const { broker, clock, store } = this.#options;
    await broker.publish({
      exchange: '',
      routingKey: queue,
      properties: { messageId: `${type}/${queue}`, type, timestamp: clock.now() },
      body: JSON.stringify({ store: store.id }),
    });
  }

  #wait(ms: number): Promise<undefined> {
    return new Promise((resolve) => {
      this.#options.clock.after(ms, () => resolve(undefined));
    });
  }
}

function otherStore(bound: string, ours: string): MillraceError {
  return new MillraceError(
    'store',
    `the broker serves the store ${bound}, and this process works on the store ${ours}: name that store's own broker ` +
      `or another prefix; if the store ${bound} is gone for good, delete the queue ${storeQueue} and start again`,
  );
}
