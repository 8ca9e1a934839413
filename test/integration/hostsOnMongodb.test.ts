/** Hosts over a real RabbitMQ and a store that each reaches by itself: one dies, and the broker is wiped. */
import { afterAll, afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { openMongoStore } from '../../src/adapters/mongodb/store.ts';
import { eventually } from '../kit/eventually.ts';
import { openHosts, partitions } from '../kit/hostsOverRabbitmq.ts';
import type { HostsOverRabbitmq } from '../kit/hostsOverRabbitmq.ts';
import { databasesOn } from '../kit/mongodbDatabases.ts';
import type { RabbitmqServer } from '../kit/rabbitmqServer.ts';
import { ownRabbitmq } from '../kit/servers.ts';

const mongodb = inject('mongodbUrl');
const rabbitmq = await ownRabbitmq();
if ('skipped' in mongodb) it.skip(`hosts on MongoDB: ${mongodb.skipped}`, () => {});
else if ('skipped' in rabbitmq) it.skip(`hosts on MongoDB: ${rabbitmq.skipped}`, () => {});
else describe('hosts over RabbitMQ on MongoDB', () => suite(rabbitmq, mongodb.url));

function suite(server: RabbitmqServer, url: string): void {
  const databaseOf = databasesOn(url);
  let hosts: HostsOverRabbitmq;

  afterAll(() => server.stop());

  beforeEach(async () => {
    const database = databaseOf();
    hosts = await openHosts(server, {
      open: () => openMongoStore({ url, database, partitions }),
      close: (store) => store.close(),
    });
  });

  afterEach(() => hosts.stop());

  it('share the partitions, and one follows the other that is killed', async () => {
    const first = await hosts.join();
    await hosts.expectAllOwned();
    const second = await hosts.join();
    await hosts.begin();
    await eventually(() => expect(second.host.owned()).toHaveLength(2), 20_000);
    expect(first.host.owned()).toHaveLength(2);
    await hosts.kill(first);
    await eventually(() => expect(second.host.owned()).toHaveLength(partitions), 5000);
    await hosts.expectTaken();
    await hosts.expectWhole();
  });

  it('agree on one new epoch after a wipe, and send again all that is owed', async () => {
    const members = [await hosts.join(), await hosts.join()];
    await hosts.expectAllOwned();
    await hosts.begin();
    await hosts.expectRecoveredFromWipe();
    const after = await hosts.store.deployment.epoch();
    await eventually(() =>
      expect(members.map(({ runtime }) => runtime.epoch.current)).toEqual([after, after]),
    );
    await hosts.expectWhole();
  });
}
