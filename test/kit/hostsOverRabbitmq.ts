/** Hosts over a real RabbitMQ, each with a connection of its own through a proxy; a test kills them and cuts them off. */
import { expect } from 'vitest';
import { openRabbitmqBroker, type RabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import { openManagement } from '../../src/adapters/rabbitmq/management.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import { newId } from '../../src/newId.ts';
import type { Store } from '../../src/ports/store.ts';
import { attemptStartSchema } from '../../src/protocol/attempts.ts';
import { baseTopology, exchanges, partitionKey } from '../../src/protocol/topology.ts';
import { epochQueue, jobQueue, jobTopology, storeQueue } from '../../src/protocol/topology.ts';
import { partitionOf } from '../../src/protocol/topology.ts';
import { BrokerEpoch } from '../../src/runtime/epoch.ts';
import { Host } from '../../src/runtime/host.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { openStranger } from './amqp.ts';
import { eventually } from './eventually.ts';
import type { RabbitmqServer } from './rabbitmqServer.ts';
import { collect, createRuntime } from './rig.ts';
import { silentLog } from './silentLog.ts';
import { taskActor } from './taskActor.ts';
import { openTcpProxy, type TcpProxy } from './tcpProxy.ts';

export type Member = {
  host: Host;
  runtime: Runtime;
  broker: RabbitmqBroker;
  store: Store;
  proxy: TcpProxy;
  log: string[];
};

/** How a host gets its store; `close` is called for each that was opened. */
export type Stores = { open(): Promise<Store>; close(store: Store): Promise<void> };

export const partitions = 4;
export const groups = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

export class HostsOverRabbitmq {
  /** Of all names, so that the tests of a server do not see each other. */
  readonly prefix: string;
  readonly store: Store;
  readonly #server: RabbitmqServer;
  readonly #stores: Stores;
  readonly #outside: RabbitmqBroker;
  #members: Member[] = [];
  #sent = 0;

  constructor(
    server: RabbitmqServer,
    stores: Stores,
    own: { prefix: string; store: Store; outside: RabbitmqBroker },
  ) {
    this.#server = server;
    this.#stores = stores;
    this.prefix = own.prefix;
    this.store = own.store;
    this.#outside = own.outside;
  }

  /** Another host; it stands by when this resolves. */
  async join(): Promise<Member> {
    const { prefix } = this;
    const proxy = await openTcpProxy(this.#server.url);
    const url = this.#server.url.replace(/:\d+$/, `:${proxy.port}`);
    const broker = await openRabbitmqBroker({ url, prefix, name: 'host', log: silentLog() });
    const store = await this.#stores.open();
    const log: string[] = [];
    const say = (details: object, text: string): void => {
      log.push(`${text} ${JSON.stringify(details)}`);
    };
    const stopping = new AbortController();
    const epoch = new BrokerEpoch({
      ...{ broker, store, clock: systemClock, stopping: stopping.signal, newId },
      log: { warn: say, error: say },
    });
    const ports = { store, broker, clock: systemClock };
    const runtime = createRuntime([taskActor()], { ...ports, log, epoch, stopping });
    const stats = openManagement({ url: this.#server.managementUrl, prefix });
    const host = new Host(runtime, { drainMs: 3000, stats });
    const member = { host, runtime, broker, store, proxy, log };
    this.#members.push(member);
    await host.start();
    return member;
  }

  /** Its connection ends without a word, and it tries nothing any more. */
  async kill(member: Member): Promise<void> {
    this.#members = this.#members.filter((each) => each !== member);
    member.runtime.stopping.abort();
    await member.proxy.close();
    await close(member, this.#stores);
  }

  /** Sends a command to a task. */
  async tell(group: string, type: string, body: object = {}): Promise<void> {
    this.#sent += 1;
    await this.#outside.publish({
      exchange: exchanges.partitions,
      routingKey: partitionKey(partitionOf(group, partitions)),
      properties: {
        messageId: `m-${this.#sent}`,
        type,
        timestamp: 0,
        headers: { group, to: 'task/main' },
      },
      body: JSON.stringify(body),
    });
  }

  /** Every group waits for an attempt. */
  async begin(): Promise<void> {
    for (const group of groups) {
      await this.tell(group, 'task.create');
      await this.tell(group, 'task.work');
    }
    await eventually(async () => {
      for (const group of groups) expect(await this.typesOf(group)).toContain('task.work');
    });
  }

  /** A poke is taken. */
  async expectTaken(): Promise<void> {
    await this.tell('a', 'task.poke', { by: 1 });
    await eventually(async () => expect(await this.typesOf('a')).toContain('task.poke'));
  }

  /** The broker forgets everything: a new epoch begins, and all starts are sent again. */
  async expectRecoveredFromWipe(): Promise<void> {
    const before = await this.store.deployment.epoch();
    await this.wipe();
    await eventually(
      async () => expect(await this.store.deployment.epoch()).not.toBe(before),
      20_000,
    );
    const seen = await this.starts();
    await eventually(() => expect(seen.size).toBe(groups.length), 20_000);
    await this.expectAllOwned(20_000);
  }

  /** The types of a group's entries. */
  async typesOf(group: string): Promise<string[]> {
    const partition = partitionOf(group, partitions);
    const entries = await collect(this.store.journal.readGroup(partition, group, 0));
    return entries.map(({ type }) => type);
  }

  /** Groups whose starts come to whoever consumes now. */
  async starts(): Promise<Set<string>> {
    const seen = new Set<string>();
    // The exchange is there again once a host has declared it.
    await eventually(() => this.#outside.declare(jobTopology('work')));
    await this.#outside.consume(jobQueue('work'), {
      prefetch: 1000,
      onClosed: () => undefined,
      onDelivery: ({ body }) => seen.add(attemptStartSchema.parse(JSON.parse(body)).requestId),
    });
    return seen;
  }

  async expectAllOwned(withinMs?: number): Promise<void> {
    const owned = (): number[] =>
      this.#members.flatMap(({ host }) => host.owned().map(({ partition }) => partition)).sort();
    await eventually(() => expect(owned()).toEqual([0, 1, 2, 3]), withinMs);
  }

  /** Offsets are dense, and all entries between two claims bear the token of the first. */
  async expectWhole(): Promise<void> {
    for (let partition = 0; partition < partitions; partition += 1) {
      let token = '';
      let offset = 0;
      for await (const entry of this.store.journal.read(partition, 0)) {
        expect(entry.offset).toBe((offset += 1));
        if (entry.group === undefined) ({ token } = entry);
        expect(entry.token).toBe(token);
      }
    }
  }

  /** Deletes all exchanges and queues. */
  async wipe(): Promise<void> {
    const epoch = await this.store.deployment.epoch();
    const names = [storeQueue, jobQueue('work'), epochQueue(epoch ?? '')];
    const { queues, ...rest } = baseTopology(partitions);
    const all = [...queues, ...names.map((name) => ({ name }))];
    const stranger = await openStranger(this.#server.url);
    await stranger.deleteAll({ ...rest, queues: all }, this.prefix);
    await stranger.close();
  }

  /** Deletes some queues. */
  async deleteQueues(names: readonly string[]): Promise<void> {
    const stranger = await openStranger(this.#server.url);
    const queues = names.map((name) => ({ name }));
    await stranger.deleteAll({ exchanges: [], queues, bindings: [] }, this.prefix);
    await stranger.close();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => close(member, this.#stores)));
    await Promise.all(this.#members.map(({ proxy }) => proxy.close()));
    await this.#outside.close();
    await this.wipe();
    await this.#stores.close(this.store);
  }
}

async function close({ host, broker, store }: Member, stores: Stores): Promise<void> {
  await host.stop();
  await broker.close();
  await stores.close(store);
}

/** None has joined yet. */
export async function openHosts(
  server: RabbitmqServer,
  stores: Stores,
): Promise<HostsOverRabbitmq> {
  const { url } = server;
  const prefix = `t${newId().slice(-8)}`;
  const outside = await openRabbitmqBroker({ url, prefix, name: 'test', log: silentLog() });
  await outside.declare(baseTopology(partitions));
  return new HostsOverRabbitmq(server, stores, { prefix, outside, store: await stores.open() });
}
