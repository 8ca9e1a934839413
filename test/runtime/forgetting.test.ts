/** What hosts do when the broker has forgotten: all of it, one queue, or when somebody asks. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attemptStartSchema } from '../../src/protocol/attempts.ts';
import type { AttemptStart } from '../../src/protocol/attempts.ts';
import {
  baseTopology,
  epochQueue,
  exchanges,
  jobQueue,
  jobTopology,
  partitionQueue,
  storeQueue,
  storeTopology,
} from '../../src/protocol/topology.ts';
import { partitionReconcile } from '../../src/protocol/forOwner.ts';
import { tellOwner } from '../../src/runtime/toOwner.ts';
import { Cluster } from '../kit/cluster.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { openStore } from '../kit/rig.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';

let cluster: Cluster;

beforeEach(() => {
  cluster = new Cluster({ actors: [taskActor()], folder: tempFolder(), partitions: 4 });
});

afterEach(async () => {
  await cluster.stop();
});

/** Starts of the job `work`, as they come to whoever consumes its queue now. */
async function starts(): Promise<AttemptStart[]> {
  const seen: AttemptStart[] = [];
  await cluster.broker.declare(jobTopology('work'));
  await cluster.broker.consume(jobQueue('work'), {
    prefetch: 1000,
    onClosed: () => undefined,
    onDelivery: ({ body }) => void seen.push(attemptStartSchema.parse(JSON.parse(body))),
  });
  return seen;
}

/** Two hosts with a group each that waits for an attempt. */
async function two() {
  const hosts = [await cluster.join(), await cluster.join()];
  await cluster.pass(12_000);
  const groups = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  for (const group of groups) {
    await cluster.tell(group, 'task.create');
    await cluster.tell(group, 'task.work');
  }
  await cluster.pass(1000);
  const epoch = await cluster.store.deployment.epoch();
  return { hosts, groups, epoch };
}

function startsOf(seen: readonly AttemptStart[]): string[] {
  return [...new Set(seen.map(({ requestId }) => requestId))].sort();
}

describe('a broker that was wiped', () => {
  it('is told again all that active groups owe, by whoever owns them, once and in one new epoch', async () => {
    const { hosts, groups, epoch } = await two();
    await cluster.wipe('work');
    await cluster.pass(500);
    const seen = await starts();
    await cluster.until(() => startsOf(seen).length === groups.length);
    await cluster.pass(10_000);
    const next = await cluster.store.deployment.epoch();
    expect(next).not.toBe(epoch);
    expect(hosts.map(({ runtime }) => runtime.epoch.current)).toEqual([next, next]);
    expect(await cluster.broker.inspect(epochQueue(next ?? ''))).toMatchObject({ ready: 1 });
    for (let partition = 0; partition < 4; partition += 1) {
      expect(await cluster.store.journal.partition(partition)).toMatchObject({ epoch: next });
    }
    expect(hosts.map(({ host }) => host.partitions.includes('away'))).toEqual([false, false]);
  });

  it('is not taken for wiped while the one who found it is about to say so', async () => {
    await cluster.store.deployment.changeEpoch(undefined, 'begun');
    const joining = cluster.make();
    const started = joining.host.start();
    await cluster.pass(500);
    await cluster.broker.declare({
      exchanges: [],
      queues: [{ name: epochQueue('begun') }],
      bindings: [],
    });
    await cluster.broker.publish({
      exchange: '',
      routingKey: epochQueue('begun'),
      properties: { messageId: 'e', type: 'deployment.epoch', timestamp: 0 },
      body: JSON.stringify({ store: cluster.store.id }),
    });
    await cluster.pass(1000);
    await started;
    expect(joining.runtime.epoch.current).toBe('begun');
  });

  it('is found out by a host that has lost its connection, though nobody took anything from it', async () => {
    const { hosts, groups } = await two();
    const [first] = hosts;
    const before = first?.runtime.epoch.current ?? '';
    // The epoch's message alone is gone: somebody purged the queue.
    cluster.broker.deleteQueue(epochQueue(before));
    cluster.broker.deleteQueue(jobQueue('work'));
    await cluster.pass(3000);
    expect(first?.runtime.epoch.current).toBe(before);
    await first?.connection.cut();
    await cluster.pass(300);
    first?.connection.restore();
    const seen = await starts();
    await cluster.until(() => first?.runtime.epoch.current !== before);
    await cluster.pass(10_000);
    // The partitions of both hosts: those of the second when it looks for a reason of its own.
    expect(startsOf(seen).length).toBeGreaterThan(0);
    await hosts[1]?.connection.cut();
    hosts[1]?.connection.restore();
    await cluster.until(() => startsOf(seen).length === groups.length);
  });
});

describe('a partition whose queue was deleted', () => {
  it('is owned again, and what its groups await is sent again', async () => {
    const { hosts, groups, epoch } = await two();
    const mine = groups.filter((group) => cluster.partitionOf(group) === 2);
    cluster.broker.deleteQueue(jobQueue('work'));
    cluster.broker.deleteQueue(partitionQueue(2));
    const seen = await starts();
    await cluster.until(() => startsOf(seen).length === mine.length);
    expect(startsOf(seen)).toEqual(mine);
    await cluster.until(() => hosts.some((host) => host.owned().includes(2)));
    expect(await cluster.store.deployment.epoch()).toBe(epoch);
  });
});

describe('a job queue that was deleted', () => {
  it('is declared again by the next start, and its other starts are sent again', async () => {
    const { groups } = await two();
    cluster.broker.deleteQueue(jobQueue('work'));
    await cluster.tell('z', 'task.create');
    await cluster.tell('z', 'task.work');
    await cluster.pass(300);
    const seen = await starts();
    await cluster.until(() => startsOf(seen).length === groups.length + 1);
  });
});

describe('reconciling by hand', () => {
  it('sends all that the active groups of a partition owe, and keeps the partition where it is', async () => {
    const { hosts, groups } = await two();
    cluster.broker.deleteQueue(jobQueue('work'));
    const seen = await starts();
    const before = hosts.map((host) => host.owned());
    const { broker } = cluster;
    const clock = new FakeClock();
    for (let partition = 0; partition < 4; partition += 1) {
      await tellOwner({ broker, clock }, partition, partitionReconcile);
    }
    await cluster.until(() => startsOf(seen).length === groups.length);
    await cluster.pass(1000);
    expect(hosts.map((host) => host.owned())).toEqual(before);
  });

  it('is answered when it is asked for with a reply', async () => {
    await cluster.join();
    const replies: unknown[] = [];
    await cluster.broker.declare({ exchanges: [], queues: [{ name: 'r' }], bindings: [] });
    await cluster.broker.consume('r', {
      prefetch: 10,
      onClosed: () => undefined,
      onDelivery: ({ body }) => void replies.push(JSON.parse(body)),
    });
    await cluster.broker.publish({
      exchange: exchanges.partitions,
      routingKey: '03',
      properties: {
        messageId: 'm',
        type: partitionReconcile,
        timestamp: 0,
        replyTo: 'r',
        correlationId: 'c',
        headers: { group: partitionReconcile, to: partitionReconcile },
      },
      body: '{}',
    });
    await cluster.until(() => replies.length > 0);
    expect(replies).toEqual([{ ok: true, partition: 3 }]);
  });
});

describe('a broker that serves another store', () => {
  it('is refused, naming both and what to do', async () => {
    const first = await cluster.join();
    const store = openStore(tempFolder(), 4);
    const stranger = cluster.make({ store: () => store });
    await expect(stranger.host.start()).rejects.toThrow(
      `the broker serves the store ${cluster.store.id}, and this process works on the store ${store.id}`,
    );
    expect(await cluster.broker.inspect(storeQueue)).toMatchObject({ ready: 1 });
    await stranger.host.stop();
    await store.close();
    expect(first.log.join('')).not.toContain('serves the store');
  });
});

describe('a broker that serves another store by the time it is back', () => {
  it('is left alone, which is said', async () => {
    const host = await cluster.join();
    await cluster.tell('g', 'task.create');
    await cluster.until(async () => (await cluster.entries('g')).length === 1);
    await host.connection.cut();
    await cluster.wipe('work');
    const properties = { messageId: 's', type: 'deployment.store', timestamp: 0 };
    const body = JSON.stringify({ store: 'another' });
    await cluster.broker.declare(baseTopology(4));
    await cluster.broker.declare(storeTopology());
    await cluster.broker.publish({ exchange: '', routingKey: storeQueue, properties, body });
    host.connection.restore();
    await cluster.until(() => host.runtime.epoch.refusal !== undefined);
    expect(host.host.trouble).toContain('the broker serves the store another');
    await cluster.tell('g', 'task.poke', { by: 1 });
    await cluster.pass(3000);
    expect(await cluster.entries('g')).toHaveLength(1);
  });
});

describe('a broker that takes no messages', () => {
  it('makes a host take no work, say so, and go on when it does', async () => {
    const host = await cluster.join();
    await cluster.tell('g', 'task.create');
    await cluster.until(async () => (await cluster.entries('g')).length === 1);
    host.connection.block('low on memory');
    await cluster.tell('g', 'task.poke', { by: 1 });
    await cluster.pass(2000);
    expect(await cluster.entries('g')).toHaveLength(1);
    expect(host.log.join('')).toContain(
      'the broker takes no messages; no work is taken until it does',
    );
    host.connection.unblock();
    await cluster.until(async () => (await cluster.entries('g')).length === 2);
    expect(host.log.join('')).toContain('the broker takes messages again');
  });
});
