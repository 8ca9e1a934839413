/** The broker suite on a real RabbitMQ, so that the in-process broker is never easier than the real one. */
import { randomUUID } from 'node:crypto';
import { inject, it } from 'vitest';
import { openRabbitmqBroker } from '../kit/rabbitmqBroker.ts';
import { brokerContract } from './broker.contract.ts';

const server = inject('amqpUrl');
const file = `test-${randomUUID().slice(0, 8)}`;
let opened = 0;

if ('url' in server) {
  brokerContract('rabbitmq', async () => {
    const broker = await openRabbitmqBroker(server.url, `${file}-${opened++}`);
    const close = async (): Promise<void> => {
      await broker.deleteAll();
      await broker.close();
    };
    return { broker, deleteQueue: (queue) => broker.deleteQueue(queue), close };
  });
} else {
  it.skip(`the broker suite on RabbitMQ: ${server.skipped}`, () => {});
}
