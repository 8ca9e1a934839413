/**
 * Where workers reach a host that owns their partitions, apart from the partitions' queues: who comes new asks
 * for the newest claims and tombstones, and who is asked names what it holds. One queue a host, bound to
 * `millrace.results` like all that workers may say; nothing is lost with it, so it comes back as it can.
 */
import { randomUUID } from 'node:crypto';
import type { Broker, Channel, Delivery } from '../../ports/broker.ts';
import type { Clock } from '../../ports/clock.ts';
import { attemptNamedSchema, hostsKey } from '../../protocol/attempts.ts';
import type { AttemptReport } from '../../protocol/attempts.ts';
import { exchanges, ownQueueTopology, partitionKey } from '../../protocol/topology.ts';
import { backoffMs } from '../backoff.ts';
import type { Mailbox } from '../mailbox.ts';
import type { AttemptMemory } from './memory.ts';

export type DeskOptions = {
  broker: Broker;
  clock: Clock;
  partitions: number;
  /** In [0, 1): spreads tries. */
  random(): number;
};

/** What is answered for a partition while its mailbox is open. */
type Owned = { partition: number; claim: number; mailbox: Mailbox; attempts: AttemptMemory };

export type Hearing = {
  /** Routing key for the names. */
  namesTo: string;
  end(): void;
};

const prefetch = 200;

export class Desk {
  readonly #options: DeskOptions;
  readonly #queue = `millrace.host.${randomUUID()}`;
  readonly #owned = new Map<number, Owned>();
  readonly #hearers = new Map<string, (startIds: readonly string[]) => void>();
  #opening: Promise<void> | undefined;
  #channel: Channel | undefined;
  #takeBack: (() => void) | undefined;
  #isClosed = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Answers for the partition from now on, and hears what workers name of it until `end()`. */
  async hear(owned: Owned, onNamed: (startIds: readonly string[]) => void): Promise<Hearing> {
    this.#owned.set(owned.partition, owned);
    const key = partitionKey(owned.partition);
    this.#hearers.set(key, onNamed);
    this.#opening ??= this.#open();
    await this.#opening;
    return {
      namesTo: this.#queue,
      end: () => {
        if (this.#hearers.get(key) === onNamed) this.#hearers.delete(key);
      },
    };
  }

  /** May be called twice, or before anything. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#takeBack?.();
    await this.#opening;
    await this.#channel?.close();
    this.#channel = undefined;
  }

  /** Resolves when it is open, or is tried again later: a roll that nobody can answer is over in time. */
  async #open(failures = 0): Promise<void> {
    const { broker, clock, random } = this.#options;
    const { results } = exchanges;
    const topology = ownQueueTopology(results, this.#queue, this.#queue);
    const hosts = { exchange: results, queue: this.#queue, routingKey: hostsKey };
    try {
      await broker.declare({ ...topology, bindings: [...topology.bindings, hosts] });
      this.#channel = await broker.consume(this.#queue, {
        prefetch,
        onDelivery: (delivery) => void this.#take(delivery),
        onClosed: () => this.#reopen(1),
      });
      if (this.#isClosed) await this.#channel.close();
    } catch {
      if (this.#isClosed) return;
      this.#takeBack = clock.after(backoffMs(failures + 1, random()), () => {
        this.#opening = this.#open(failures + 1);
      });
    }
  }

  #reopen(failures: number): void {
    this.#channel = undefined;
    if (this.#isClosed) return;
    this.#takeBack = this.#options.clock.after(backoffMs(failures, this.#options.random()), () => {
      this.#opening = this.#open(failures);
    });
  }

  async #take(delivery: Delivery): Promise<void> {
    const { type, replyTo } = delivery.properties;
    if (type === 'attempt.named') this.#name(delivery.body);
    if (type === 'attempt.hello' && replyTo !== undefined) await this.#welcome(replyTo);
    this.#channel?.ack(delivery.tag);
  }

  #name(body: string): void {
    const named = attemptNamedSchema.safeParse(jsonOf(body));
    if (named.success) this.#hearers.get(named.data.partition)?.(named.data.startIds);
  }

  /** One report for each partition that is owned here. A worker that hears nothing confirms what it gets. */
  async #welcome(replyTo: string): Promise<void> {
    const { broker, clock, partitions } = this.#options;
    const owned = [...this.#owned.values()].filter(({ mailbox }) => !mailbox.isClosed);
    await Promise.allSettled(
      owned.map(({ partition, claim, attempts }) => {
        const cancelled = attempts.tombstones();
        const report: AttemptReport = {
          ...{ partition: partitionKey(partition), partitions, claim },
          ...(cancelled.length > 0 && { cancelled }),
        };
        const messageId = `report/${report.partition}/${claim}/${replyTo}`;
        const properties = { messageId, type: 'attempt.report', timestamp: clock.now() };
        const body = JSON.stringify(report);
        return broker.publish({ exchange: '', routingKey: replyTo, properties, body });
      }),
    );
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
