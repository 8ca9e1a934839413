/**
 * What a client hears of a deployment of many processes: a queue of its own for each request that it follows,
 * bound to `millrace.transitions`. What may have been missed is said, and looked for in the store.
 */
import { committedOf } from '../link.ts';
import type { News, NewsListener } from '../link.ts';
import type { Broker } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import { partitionOf } from '../protocol/topology.ts';
import { batchSchema, news, newsKeys } from '../protocol/transitions.ts';
import { subscribe } from '../worker/subscription.ts';
import type { Receipt, Subscription } from '../worker/subscription.ts';
import { hear, newsTopology, parsed } from './signals.ts';

export type BrokerNewsOptions = {
  broker: Broker;
  clock: Clock;
  partitions: number;
  newId(): string;
};

/** A host that dies after a commit may not have told of it: whoever follows looks again this often. */
const lookAgainMs = 5000;

/** Words of a request's id that say something in the pattern of a binding; who listens compares the id. */
const wild = /[*#]/;

type Followed = {
  id: string | undefined;
  listeners: Set<NewsListener>;
  /** By partition, the newest offset that was heard of. */
  heard: Map<number, number>;
  queue: Promise<Subscription | undefined>;
  stopLooking: () => void;
};

export class BrokerNews implements News {
  readonly #options: BrokerNewsOptions;
  /** By request; '' is all of them. */
  readonly #followed = new Map<string, Followed>();

  constructor(options: BrokerNewsOptions) {
    this.#options = options;
  }

  subscribe(id: string | undefined, listener: NewsListener): () => void {
    const key = id ?? '';
    const followed = this.#followed.get(key) ?? this.#begin(key, id);
    followed.listeners.add(listener);
    return () => {
      const wasHeard = followed.listeners.delete(listener);
      if (wasHeard && followed.listeners.size === 0) void this.#end(key, followed);
    };
  }

  /** Nothing more is heard. */
  async close(): Promise<void> {
    const why = new MillraceError('state', 'the client was closed while it followed');
    const all = [...this.#followed];
    await Promise.all(all.map(([key, followed]) => this.#end(key, followed, why)));
  }

  #begin(key: string, id: string | undefined): Followed {
    const followed: Followed = {
      id,
      listeners: new Set(),
      heard: new Map(),
      queue: Promise.resolve(undefined),
      stopLooking: () => undefined,
    };
    this.#followed.set(key, followed);
    followed.queue = this.#open(followed).catch((thrown: unknown) => {
      const why = new MillraceError('unavailable', `nothing can be heard: ${messageOf(thrown)}`);
      void this.#end(key, followed, why);
      return undefined;
    });
    return followed;
  }

  async #open(followed: Followed): Promise<Subscription> {
    const { broker, clock, newId } = this.#options;
    const queue = `millrace.news.${newId().slice(-12)}`;
    const subscription = await subscribe({
      ...{ broker, clock, random: Math.random, queue, prefetch: 1000 },
      topology: newsTopology(queue, this.#keys(followed.id)),
      onReceipt: (receipt) => heed(followed, receipt),
      onLost: () => undefined,
      onReopened: () => missed(followed),
    });
    const look = (): void => {
      missed(followed);
      followed.stopLooking = clock.after(lookAgainMs, look);
    };
    // What was committed before the queue was there, too.
    if (followed.listeners.size > 0) look();
    return subscription;
  }

  #keys(id: string | undefined): string[] {
    if (id === undefined) return [`${news.batch}.*`, `${news.status}.#`];
    const key = wild.test(id) ? '#' : id;
    const partition = partitionOf(id, this.#options.partitions);
    return [newsKeys.batch(partition), newsKeys.status(key), newsKeys.output(key)];
  }

  async #end(key: string, followed: Followed, why?: Error): Promise<void> {
    if (this.#followed.get(key) === followed) this.#followed.delete(key);
    const listeners = [...followed.listeners];
    followed.listeners.clear();
    if (why !== undefined) for (const listener of listeners) listener.onEnd?.(why);
    const subscription = await followed.queue;
    followed.stopLooking();
    await subscription?.close();
  }
}

function missed({ listeners }: Followed): void {
  for (const listener of [...listeners]) listener.onMissed?.();
}

function heed(followed: Followed, receipt: Receipt): void {
  const { properties } = receipt.delivery;
  const body = parsed(receipt.delivery.body);
  receipt.ack();
  if (properties.type === news.batch) heedBatch(followed, body);
  for (const { onStatus, onOutput } of [...followed.listeners]) {
    hear(properties.type, body, {
      onStatus(signal) {
        if (concerns(followed, signal)) onStatus?.(signal);
      },
      onOutput(signal) {
        if (concerns(followed, signal)) onOutput?.(signal);
      },
    });
  }
}

/** A binding may let in more than is followed. */
function concerns({ id }: Followed, { requestId }: { requestId: string }): boolean {
  return id === undefined || id === requestId;
}

function heedBatch(followed: Followed, body: unknown): void {
  const { data } = batchSchema.safeParse(body);
  if (data === undefined) return;
  const { partition, first, last, entries } = data;
  const heard = followed.heard.get(partition) ?? first - 1;
  followed.heard.set(partition, Math.max(heard, last));
  if (entries === undefined || first > heard + 1) missed(followed);
  for (const entry of entries ?? []) {
    if ((followed.id ?? entry.group) !== entry.group) continue;
    for (const listener of [...followed.listeners]) listener.onCommitted?.(committedOf(entry));
  }
}
