/** Hosts over a real RabbitMQ: one that dies, joins or is frozen, and a broker that is restarted, wiped or purged. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openManagement } from '../../src/adapters/rabbitmq/management.ts';
import { openRabbitmqBroker, type RabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import { newId } from '../../src/newId.ts';
import { attemptStartSchema } from '../../src/protocol/attempts.ts';
import {
  baseTopology,
  epochQueue,
  exchanges,
  jobQueue,
  jobTopology,
  partitionKey,
  partitionOf,
  partitionQueue,
  storeQueue,
} from '../../src/protocol/topology.ts';
import { BrokerEpoch } from '../../src/runtime/epoch.ts';
import { Host } from '../../src/runtime/host.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { openStranger } from '../kit/amqp.ts';
import { eventually } from '../kit/eventually.ts';
import type { RabbitmqServer } from '../kit/rabbitmqServer.ts';
import { collect, createRuntime, openStore } from '../kit/rig.ts';
import { ownRabbitmq } from '../kit/servers.ts';
import { silentLog } from '../kit/silentLog.ts';
import { taskActor } from '../kit/taskActor.ts';
import { openTcpProxy, type TcpProxy } from '../kit/tcpProxy.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const server = await ownRabbitmq();
if ('skipped' in server) it.skip(`hosts over RabbitMQ: ${server.skipped}`, () => {});
else describe('hosts over RabbitMQ', () => suite(server));

const partitions = 4;
const groups = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

type Member = {
  host: Host;
  runtime: Runtime;
  broker: RabbitmqBroker;
  proxy: TcpProxy;
  log: string[];
};

function suite(server: RabbitmqServer): void {
  let prefix: string;
  let store: ReturnType<typeof openStore>;
  let members: Member[];
  let outside: RabbitmqBroker;
  let sent = 0;

  afterAll(() => server.stop());

  beforeEach(async () => {
    prefix = `t${newId().slice(-8)}`;
    store = openStore(tempFolder(), partitions);
    members = [];
    outside = await openRabbitmqBroker({ url: server.url, prefix, name: 'test', log: silentLog() });
    await outside.declare(baseTopology(partitions));
  });

  afterEach(async () => {
    await Promise.all(members.map(({ host }) => host.stop()));
    await Promise.all(members.map(({ broker }) => broker.close()));
    await Promise.all(members.map(({ proxy }) => proxy.close()));
    await outside.close();
    await store.close();
    await wipe();
  });

  async function join(): Promise<Member> {
    const proxy = await openTcpProxy(server.url);
    const url = server.url.replace(/:\d+$/, `:${proxy.port}`);
    const log: string[] = [];
    const broker = await openRabbitmqBroker({ url, prefix, name: 'host', log: silentLog() });
    const stopping = new AbortController();
    const say = (details: object, text: string): void =>
      void log.push(`${text} ${JSON.stringify(details)}`);
    const epoch = new BrokerEpoch({
      ...{ broker, store, clock: systemClock, stopping: stopping.signal, newId },
      log: { warn: say, error: say },
    });
    const ports = { store, broker, clock: systemClock };
    const runtime = createRuntime([taskActor()], { ...ports, log, epoch, stopping });
    const stats = openManagement({ url: server.managementUrl, prefix });
    const host = new Host(runtime, { drainMs: 3000, stats });
    const member = { host, runtime, broker, proxy, log };
    members.push(member);
    await host.start();
    return member;
  }

  /** As SIGKILL: its connection ends, and it hears of nothing and writes nothing. */
  async function kill(member: Member): Promise<void> {
    members = members.filter((each) => each !== member);
    member.runtime.stopping.abort();
    await member.proxy.close();
    await Promise.all([member.host.stop(), member.broker.close()]);
  }

  async function tell(group: string, type: string, body: object = {}): Promise<void> {
    sent += 1;
    await outside.publish({
      exchange: exchanges.partitions,
      routingKey: partitionKey(partitionOf(group, partitions)),
      properties: {
        messageId: `m-${sent}`,
        type,
        timestamp: 0,
        headers: { group, to: 'task/main' },
      },
      body: JSON.stringify(body),
    });
  }

  async function begin(): Promise<void> {
    for (const group of groups) {
      await tell(group, 'task.create');
      await tell(group, 'task.work');
    }
    await eventually(async () => {
      for (const group of groups) expect(await typesOf(group)).toContain('task.work');
    });
  }

  async function typesOf(group: string): Promise<string[]> {
    const entries = store.journal.readGroup(partitionOf(group, partitions), group, 0);
    return (await collect(entries)).map(({ type }) => type);
  }

  /** Groups whose starts come to whoever consumes now. */
  async function starts(): Promise<Set<string>> {
    const seen = new Set<string>();
    await outside.declare(jobTopology('work'));
    await outside.consume(jobQueue('work'), {
      prefetch: 1000,
      onClosed: () => undefined,
      onDelivery: ({ body }) => seen.add(attemptStartSchema.parse(JSON.parse(body)).requestId),
    });
    return seen;
  }

  const owned = (): number[] =>
    members.flatMap(({ host }) => host.owned().map(({ partition }) => partition)).sort();

  async function expectAllOwned(withinMs?: number): Promise<void> {
    await eventually(() => expect(owned()).toEqual([0, 1, 2, 3]), withinMs);
  }

  async function expectWhole(): Promise<void> {
    for (let partition = 0; partition < partitions; partition += 1) {
      let token = '';
      let offset = 0;
      for await (const entry of store.journal.read(partition, 0)) {
        expect(entry.offset).toBe((offset += 1));
        if (entry.group === undefined) ({ token } = entry);
        expect(entry.token).toBe(token);
      }
    }
  }

  async function wipe(): Promise<void> {
    const epoch = await store.deployment.epoch().catch(() => undefined);
    const names = [storeQueue, jobQueue('work'), ...(epoch ? [epochQueue(epoch)] : [])];
    const { queues, ...rest } = baseTopology(partitions);
    const stranger = await openStranger(server.url);
    const all = [...queues, ...names.map((name) => ({ name }))];
    await stranger.deleteAll({ ...rest, queues: all }, prefix);
    await stranger.close();
  }

  it('own all partitions between them, also of empty queues, and go on when one is killed', async () => {
    await join();
    await expectAllOwned();
    const second = await join();
    await begin();
    const [first] = members;
    if (first === undefined) throw new Error('it is gone');
    const at = performance.now();
    await kill(first);
    await eventually(() => expect(second.host.owned()).toHaveLength(partitions));
    expect(performance.now() - at).toBeLessThan(5000);
    await tell('a', 'task.poke', { by: 1 });
    await eventually(async () => expect(await typesOf('a')).toContain('task.poke'));
    await expectWhole();
  });

  it('go on after the broker was restarted, with what had been sent', async () => {
    await join();
    await join();
    await expectAllOwned();
    await begin();
    await server.restart();
    await expectAllOwned(30_000);
    const seen = await starts();
    await eventually(() => expect(seen.size).toBe(groups.length), 20_000);
    await tell('a', 'task.poke', { by: 1 });
    await eventually(async () => expect(await typesOf('a')).toContain('task.poke'));
    await expectWhole();
  });

  it('send again all that is owed to a broker that was wiped under them', async () => {
    await join();
    await join();
    await expectAllOwned();
    await begin();
    const before = await store.deployment.epoch();
    await wipe();
    await eventually(async () => expect(await store.deployment.epoch()).not.toBe(before), 20_000);
    const seen = await starts();
    await eventually(() => expect(seen.size).toBe(groups.length), 20_000);
    await expectAllOwned(20_000);
    await expectWhole();
  });

  it('find one partition queue that was deleted, and send again what its groups await', async () => {
    await join();
    await expectAllOwned();
    await begin();
    const stranger = await openStranger(server.url);
    const queues = [partitionQueue(2), jobQueue('work')].map((name) => ({ name }));
    await stranger.deleteAll({ exchanges: [], queues, bindings: [] }, prefix);
    await stranger.close();
    const seen = await starts();
    const mine = groups.filter((group) => partitionOf(group, partitions) === 2);
    await eventually(() => expect([...seen].sort()).toEqual(mine), 20_000);
    await expectAllOwned();
  });

  it(
    'follow one that the network has cut off, which then does no harm',
    { timeout: 90_000 },
    async () => {
      const first = await join();
      await expectAllOwned();
      await tell('a', 'task.create');
      await tell('a', 'task.alarm', { afterMs: 20_000 });
      await eventually(async () => expect(await typesOf('a')).toHaveLength(2));
      const second = await join();
      first.proxy.drop();
      await eventually(() => expect(second.host.owned()).toHaveLength(partitions), 40_000);
      await tell('a', 'task.poke', { by: 1 });
      await eventually(async () => expect(await typesOf('a')).toContain('task.poke'));
      first.proxy.pass();
      await eventually(async () => expect(await typesOf('a')).toContain('timer.fired'), 30_000);
      await eventually(() => expect(first.host.trouble).toBeUndefined(), 30_000);
      expect((await typesOf('a')).sort()).toEqual([
        'task.alarm',
        'task.create',
        'task.poke',
        'timer.fired',
      ]);
      await expectWhole();
    },
  );

  it('find a job queue that was purged, by its counts', { timeout: 90_000 }, async () => {
    await join();
    await expectAllOwned();
    await begin();
    await server.rabbitmqctl('purge_queue', `${prefix}.job.work`);
    const seen = await starts();
    await eventually(() => expect(seen.size).toBe(groups.length), 60_000);
    await expectWhole();
  });
}
