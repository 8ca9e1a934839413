/** Hosts over a real RabbitMQ: one that dies, joins or is cut off, and a broker that is restarted, wiped or purged. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobQueue, partitionOf, partitionQueue } from '../../src/protocol/topology.ts';
import { eventually } from '../kit/eventually.ts';
import { groups, openHosts, partitions } from '../kit/hostsOverRabbitmq.ts';
import type { HostsOverRabbitmq } from '../kit/hostsOverRabbitmq.ts';
import type { RabbitmqServer } from '../kit/rabbitmqServer.ts';
import { openStore } from '../kit/rig.ts';
import { ownRabbitmq } from '../kit/servers.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const server = await ownRabbitmq();
if ('skipped' in server) it.skip(`hosts over RabbitMQ: ${server.skipped}`, () => {});
else describe('hosts over RabbitMQ', () => suite(server));

function suite(server: RabbitmqServer): void {
  let hosts: HostsOverRabbitmq;

  afterAll(() => server.stop());

  beforeEach(async () => {
    const store = openStore(tempFolder(), partitions);
    // One object for all: a file is one process's.
    hosts = await openHosts(server, { open: async () => store, close: () => store.flush() });
  });

  afterEach(() => hosts.stop());

  it('own all partitions between them, also of empty queues, and go on when one is killed', async () => {
    const first = await hosts.join();
    await hosts.expectAllOwned();
    const second = await hosts.join();
    await hosts.begin();
    const at = performance.now();
    await hosts.kill(first);
    await eventually(() => expect(second.host.owned()).toHaveLength(partitions));
    expect(performance.now() - at).toBeLessThan(5000);
    await hosts.expectTaken();
    await hosts.expectWhole();
  });

  it('go on after the broker was restarted, with what had been sent', async () => {
    await hosts.join();
    await hosts.join();
    await hosts.expectAllOwned();
    await hosts.begin();
    await server.restart();
    await hosts.expectAllOwned(30_000);
    const seen = await hosts.starts();
    await eventually(() => expect(seen.size).toBe(groups.length), 20_000);
    await hosts.expectTaken();
    await hosts.expectWhole();
  });

  it('send again all that is owed to a broker that was wiped under them', async () => {
    await hosts.join();
    await hosts.join();
    await hosts.expectAllOwned();
    await hosts.begin();
    await hosts.expectRecoveredFromWipe();
    await hosts.expectWhole();
  });

  it('find one partition queue that was deleted, and send again what its groups await', async () => {
    await hosts.join();
    await hosts.expectAllOwned();
    await hosts.begin();
    await hosts.deleteQueues([partitionQueue(2), jobQueue('work')]);
    const seen = await hosts.starts();
    const mine = groups.filter((group) => partitionOf(group, partitions) === 2);
    await eventually(() => expect([...seen].sort()).toEqual(mine), 20_000);
    await hosts.expectAllOwned();
  });

  it(
    'follow one that the network has cut off, which then does no harm',
    { timeout: 90_000 },
    async () => {
      const first = await hosts.join();
      await hosts.expectAllOwned();
      await hosts.tell('a', 'task.create');
      await hosts.tell('a', 'task.alarm', { afterMs: 20_000 });
      await eventually(async () => expect(await hosts.typesOf('a')).toHaveLength(2));
      const second = await hosts.join();
      first.proxy.drop();
      await eventually(() => expect(second.host.owned()).toHaveLength(partitions), 40_000);
      await hosts.expectTaken();
      first.proxy.pass();
      await eventually(
        async () => expect(await hosts.typesOf('a')).toContain('timer.fired'),
        30_000,
      );
      await eventually(() => expect(first.host.trouble).toBeUndefined(), 30_000);
      expect((await hosts.typesOf('a')).sort()).toEqual([
        'task.alarm',
        'task.create',
        'task.poke',
        'timer.fired',
      ]);
      await hosts.expectWhole();
    },
  );

  it('find a job queue that was purged, by its counts', { timeout: 90_000 }, async () => {
    await hosts.join();
    await hosts.expectAllOwned();
    await hosts.begin();
    await server.rabbitmqctl('purge_queue', `${hosts.prefix}.job.work`);
    const seen = await hosts.starts();
    await eventually(() => expect(seen.size).toBe(groups.length), 60_000);
    await hosts.expectWhole();
  });
}
