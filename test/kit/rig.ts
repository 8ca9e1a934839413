/**
 * A host over real ports, SQLite in a folder and the in-process broker, for given actors; a test sends
 * messages, stands in for workers, and may put itself between the host and its ports.
 */
import { join } from 'node:path';
import { pino } from 'pino';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { Broker } from '../../src/ports/broker.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Entry, Journal } from '../../src/ports/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import { attemptStartSchema } from '../../src/protocol/attempts.ts';
import type { AttemptStart } from '../../src/protocol/attempts.ts';
import { baseTopology, exchanges, jobQueue, jobTopology } from '../../src/protocol/topology.ts';
import { ownQueueTopology, partitionKey, partitionOf } from '../../src/protocol/topology.ts';
import type { ActorDefinition } from '../../src/runtime/actor.ts';
import { inProcessEpoch } from '../../src/runtime/epoch.ts';
import type { Epoch } from '../../src/runtime/epoch.ts';
import { Desk } from '../../src/runtime/attempts/desk.ts';
import { Feed } from '../../src/runtime/feed.ts';
import { Host } from '../../src/runtime/host.ts';
import { Memory } from '../../src/runtime/memory.ts';
import { Outlet } from '../../src/runtime/outlet.ts';
import { Pace } from '../../src/runtime/pace.ts';
import { createRegistry } from '../../src/runtime/registry.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { createFreezer } from '../../src/runtime/snapshots.ts';
import { Valve } from '../../src/runtime/valve.ts';
import { FakeClock } from './fakeClock.ts';

export type RigOptions = {
  actors: readonly ActorDefinition[];
  /** Of the store file; the same folder again is a restart. */
  folder: string;
  /** Default 1, so that everything is in one order. */
  partitions?: number;
  clock?: FakeClock;
  /** What groups in memory may take up; default as always. */
  memoryBytes?: number;
  /** Stands between the host and its ports. */
  store?: (store: Store) => Store;
  broker?: (broker: Broker) => Broker;
};

export type Told = { to?: string; messageId?: string };

export type Rig = {
  runtime: Runtime;
  host: Host;
  clock: FakeClock;
  /** What the host logged. */
  log: string[];
  /** The undecorated broker. */
  broker: Broker;
  /** Sends a command and resolves with its reply. */
  tell(group: string, type: string, body?: object, options?: Told): Promise<Reply>;
  /** Sends a worker's answer. */
  answer(start: AttemptStart, type: string, fields?: object): Promise<void>;
  /** Starts of a job type, as they come, in place of a worker. */
  starts(jobType: string): Promise<AttemptStart[]>;
  /** Messages in a queue, as they come. */
  collected(queue: string): Promise<Collected[]>;
  entries(group: string): Promise<Entry[]>;
  stop(): Promise<void>;
};

export type Reply = Readonly<Record<string, unknown>>;

export type Collected = {
  type: string;
  reason: string | undefined;
  headers: Readonly<Record<string, string>>;
  body: unknown;
};

/** The port with some of its methods replaced; `Object.create` would lose private fields. */
export function decorate<T extends object>(port: T, overrides: Partial<T>): T {
  return new Proxy(port, {
    get(target, key) {
      const own: unknown = Reflect.get(key in overrides ? overrides : target, key);
      return typeof own === 'function' ? (own.bind(target) as unknown) : own;
    },
  });
}

/** A store whose journal has some of its methods replaced; they are given the journal as it is. */
export function journalWith(
  overrides: (journal: Journal) => Partial<Journal>,
): (store: Store) => Store {
  return (store) => decorate(store, { journal: decorate(store.journal, overrides(store.journal)) });
}

/** All that an iteration gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The item, which the test knows to be there. */
export function the<T>(item: T | undefined): T {
  if (item === undefined) throw new Error('there is none');
  return item;
}

export function openStore(folder: string, partitions = 1): ReturnType<typeof openSqliteStore> {
  return openSqliteStore({ path: join(folder, 'store.db'), partitions });
}

/** A test's own consumers ack nothing, so that their order of things is simple. */
export const unacked = 100_000;

/** Two hosts over one broker share its memory. */
const epochs = new WeakMap<Broker, Epoch>();

function epochOf(broker: Broker): Epoch {
  const epoch = epochs.get(broker) ?? inProcessEpoch(String(tokens++));
  epochs.set(broker, epoch);
  return epoch;
}

let tokens = 0;
let sent = 0;

/** What every part of a host works with, over these ports. */
export function createRuntime(
  actors: readonly ActorDefinition[],
  {
    store,
    broker,
    clock,
    log = [],
    memoryBytes,
    epoch = epochOf(broker),
    stopping = new AbortController(),
  }: {
    store: Store;
    broker: Broker;
    clock: Clock;
    log?: string[];
    memoryBytes?: number | undefined;
    epoch?: Epoch;
    stopping?: AbortController;
  },
): Runtime {
  const registry = createRegistry(actors);
  return {
    broker,
    epoch,
    store,
    clock,
    registry,
    freezer: createFreezer(registry, store.blobs),
    feed: new Feed(),
    outlet: new Outlet(broker, clock),
    desk: new Desk({ broker, clock, partitions: store.partitions, random: () => 0.5 }),
    pace: new Pace(),
    valve: Valve.of(store.partitions, clock),
    memory: new Memory(registry, memoryBytes),
    log: pino({ level: 'warn' }, { write: (line: string) => void log.push(line) }),
    stopping,
    random: () => 0.5,
    newToken: () => `owner-${(tokens += 1)}`,
  };
}

/** Opens a host; it owns its partitions when this resolves. */
export async function openRig(options: RigOptions): Promise<Rig> {
  const { partitions = 1, clock = new FakeClock() } = options;
  const bare = openStore(options.folder, partitions);
  const broker = openSmqpBroker();
  const log: string[] = [];
  const store = options.store?.(bare) ?? bare;
  const runtime = createRuntime(options.actors, {
    store,
    broker: options.broker?.(broker) ?? broker,
    clock,
    log,
    memoryBytes: options.memoryBytes,
  });
  await broker.declare(baseTopology(partitions));
  const host = new Host(runtime);
  const replyTo = 'test.replies';
  const waiting = new Map<string, (reply: Reply) => void>();
  await broker.declare(ownQueueTopology(exchanges.replies, replyTo, replyTo));
  const replies = await broker.consume(replyTo, {
    prefetch: 1000,
    onClosed: () => undefined,
    onDelivery: ({ properties, body, tag }) => {
      waiting.get(properties.correlationId ?? '')?.(JSON.parse(body) as Reply);
      replies.ack(tag);
    },
  });

  const rig: Rig = {
    runtime,
    host,
    clock,
    log,
    broker,
    async tell(group, type, body = {}, { to = 'task/main', messageId } = {}) {
      sent += 1;
      const correlationId = `told-${sent}`;
      const replied = new Promise<Reply>((resolve) => waiting.set(correlationId, resolve));
      await broker.publish({
        exchange: exchanges.partitions,
        routingKey: partitionKey(partitionOf(group, partitions)),
        properties: {
          messageId: messageId ?? `m-${sent}`,
          type,
          timestamp: clock.now(),
          correlationId,
          replyTo,
          headers: { group, to },
        },
        body: JSON.stringify(body),
      });
      return replied;
    },
    async answer({ answer, attempt, startId }, type, fields = {}) {
      await broker.publish({
        exchange: exchanges.results,
        routingKey: answer.routingKey,
        properties: {
          messageId: `${startId}/answer`,
          type,
          timestamp: clock.now(),
          headers: { group: answer.group, to: answer.to },
        },
        body: JSON.stringify({ key: answer.key, attempt, ...fields }),
      });
    },
    async starts(jobType) {
      const starts: AttemptStart[] = [];
      await broker.declare(jobTopology(jobType));
      await broker.consume(jobQueue(jobType), {
        prefetch: unacked,
        onClosed: () => undefined,
        onDelivery: ({ body }) => void starts.push(attemptStartSchema.parse(JSON.parse(body))),
      });
      return starts;
    },
    async collected(queue) {
      const messages: Collected[] = [];
      await broker.consume(queue, {
        prefetch: unacked,
        onClosed: () => undefined,
        onDelivery: ({ properties, body }) => {
          const { type, headers = {} } = properties;
          const content: unknown = body === '' ? undefined : JSON.parse(body);
          messages.push({ type, reason: headers['reason'], headers, body: content });
        },
      });
      return messages;
    },
    entries: (group) => collect(bare.journal.readGroup(partitionOf(group, partitions), group, 0)),
    async stop() {
      await host.stop();
      await broker.close();
      await bare.close();
    },
  };
  await host.start();
  return rig;
}
