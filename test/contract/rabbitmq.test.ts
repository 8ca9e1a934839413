/** The broker suite on a real RabbitMQ, so that the in-process broker is never easier than the real one. */
import { randomUUID } from 'node:crypto';
import { inject, it } from 'vitest';
import { openRabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import { openStranger } from '../kit/amqp.ts';
import { silentLog } from '../kit/silentLog.ts';
import { brokerContract, contractTopology } from './broker.contract.ts';

const server = inject('amqpUrl');
const file = `test-${randomUUID().slice(0, 8)}`;
let opened = 0;

if ('url' in server) {
  const { url } = server;
  brokerContract('rabbitmq', async () => {
    const prefix = `${file}-${opened++}`;
    const broker = await openRabbitmqBroker({ url, prefix, name: 'test', log: silentLog() });
    const stranger = await openStranger(url);
    return {
      broker,
      deleteQueue: (queue) => stranger.deleteQueue(queue.replace('millrace', prefix)),
      async close() {
        await broker.close();
        await stranger.deleteAll(contractTopology, prefix);
        await stranger.close();
      },
    };
  });
} else {
  it.skip(`the broker suite on RabbitMQ: ${server.skipped}`, () => {});
}
