/** The broker is killed in the middle of work, and started again: everybody connects again and goes on. */
import { afterAll } from 'vitest';
import { faultSuite } from '../../kit/cluster/faults.ts';
import { sharedUrls } from '../../kit/cluster/fixture.ts';
import type { RabbitmqServer } from '../../kit/rabbitmqServer.ts';
import { ownRabbitmq } from '../../kit/servers.ts';

let broker: RabbitmqServer | undefined;
afterAll(() => broker?.stop());

faultSuite({
  name: 'the broker is restarted',
  isLong: true,
  together: 10,
  async urls() {
    const own = await ownRabbitmq();
    if ('skipped' in own) throw new Error(own.skipped);
    broker = own;
    return { ...sharedUrls(), amqpUrl: own.url };
  },
  async strike({ seed }) {
    if (seed % 2 === 0) return broker?.restart();
    await broker?.kill();
    await broker?.start();
  },
});
