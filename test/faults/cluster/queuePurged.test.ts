/** Queues of the deployment are purged, others for each seed: what was in them is found missing and sent again. */
import { afterAll } from 'vitest';
import { below } from '../../kit/crashChain.ts';
import { faultSuite } from '../../kit/cluster/faults.ts';
import { sharedUrls } from '../../kit/cluster/fixture.ts';
import { queuesOf } from '../../kit/cluster/queues.ts';
import type { RabbitmqServer } from '../../kit/rabbitmqServer.ts';
import { ownRabbitmq } from '../../kit/servers.ts';

let broker: RabbitmqServer | undefined;
afterAll(() => broker?.stop());

faultSuite({
  name: 'queues are purged',
  losesCommands: true,
  async urls() {
    const own = await ownRabbitmq();
    if ('skipped' in own) throw new Error(own.skipped);
    broker = own;
    return { ...sharedUrls(), amqpUrl: own.url, managementUrl: own.managementUrl };
  },
  async strike({ cluster, random }) {
    const queues = await queuesOf(cluster);
    // A command that is lost with its queue is its publisher's to send again.
    const names = (await queues.names()).filter((name) => !/\.(creates|commands)$/.test(name));
    for (let count = 0; count < 4; count += 1)
      await queues.purge(names[below(random, names.length)] ?? '');
    await queues.close();
  },
});
