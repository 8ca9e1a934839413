/** The broker suite on smqp, and what holds only in one process. */
import { expect, it } from 'vitest';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import { eventually } from '../kit/eventually.ts';
import { brokerContract } from './broker.contract.ts';

const properties = { messageId: 'm', type: 't', timestamp: 1 };

brokerContract('smqp', async () => {
  const broker = openSmqpBroker();
  return { broker, deleteQueue: (queue) => broker.deleteQueue(queue), close: () => broker.close() };
});

it('returns what would not fit into a limited queue', async () => {
  const broker = openSmqpBroker();
  await broker.declare({ exchanges: [], queues: [{ name: 'few', maxLength: 2 }], bindings: [] });
  const publish = () => broker.publish({ exchange: '', routingKey: 'few', properties, body: '1' });
  expect([await publish(), await publish(), await publish()]).toEqual([
    'confirmed',
    'confirmed',
    'returned',
  ]);
  let got = 0;
  await broker.consume('few', { prefetch: 1, onDelivery: () => got++, onClosed: () => {} });
  await eventually(() => expect(got).toBe(1));
  expect(await publish()).toBe('confirmed');
});

it('returns what is published to an exchange that nobody declared', async () => {
  const broker = openSmqpBroker();
  const lost = { exchange: 'nowhere', routingKey: 'k', properties, body: '1' };
  expect(await broker.publish(lost)).toBe('returned');
});

it('shares nothing that a publisher may change', async () => {
  const broker = openSmqpBroker();
  await broker.declare({ exchanges: [], queues: [{ name: 'q' }], bindings: [] });
  const headers: Record<string, string> = { a: 'before' };
  await broker.publish({
    exchange: '',
    routingKey: 'q',
    properties: { ...properties, headers },
    body: '1',
  });
  headers['a'] = 'after';
  const got: unknown[] = [];
  await broker.consume('q', {
    prefetch: 1,
    onDelivery: (each) => got.push(each.properties.headers),
    onClosed: () => {},
  });
  await eventually(() => expect(got).toEqual([{ a: 'before' }]));
});

it('refuses everything once closed', async () => {
  const broker = openSmqpBroker();
  await broker.close();
  await broker.close();
  await expect(
    broker.publish({ exchange: '', routingKey: 'q', properties, body: '1' }),
  ).rejects.toBeInstanceOf(TransientError);
});
