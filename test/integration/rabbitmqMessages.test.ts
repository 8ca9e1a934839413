/** Messages on RabbitMQ as other programs send and see them: nothing of ours is expected of them, and ours read well. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { openRabbitmqBroker, type RabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import type { Delivery, Publication } from '../../src/ports/broker.ts';
import { exchanges } from '../../src/protocol/topology.ts';
import type { Topology } from '../../src/protocol/topology.ts';
import { openStranger, type Stranger } from '../kit/amqp.ts';
import { eventually } from '../kit/eventually.ts';
import { silentLog } from '../kit/silentLog.ts';

const server = inject('amqpUrl');
if ('url' in server) describe('messages on RabbitMQ', () => suite(server.url));
else it.skip(`messages on RabbitMQ: ${server.skipped}`, () => {});

const topology: Topology = {
  exchanges: [],
  queues: [{ name: 'millrace.box' }, { name: 'millrace.events', kind: 'stream' }],
  bindings: [],
};

function suite(url: string): void {
  const prefix = `test-${randomUUID().slice(0, 8)}`;
  const log = silentLog();
  let broker: RabbitmqBroker;
  let stranger: Stranger;
  let got: Delivery[];

  beforeAll(async () => {
    broker = await openRabbitmqBroker({ url, prefix, name: 'test', log });
    stranger = await openStranger(url);
    await broker.declare(topology);
  });

  beforeEach(() => {
    got = [];
  });

  afterAll(async () => {
    await broker.close();
    await stranger.deleteAll(topology, prefix);
    await stranger.close();
  });

  /** What comes of what a stranger sends. */
  async function received(
    body: string | Buffer,
    options?: Parameters<Stranger['send']>[2],
  ): Promise<Delivery | undefined> {
    const onDelivery = (delivery: Delivery): void => void got.push(delivery);
    const channel = await broker.consume('millrace.box', {
      prefetch: 10,
      onDelivery,
      onClosed: () => undefined,
    });
    stranger.send(`${prefix}.box`, body, options);
    await eventually(() => expect(got).toHaveLength(1));
    channel.ackUpTo(got[0]?.tag ?? 0);
    await channel.close();
    return got[0];
  }

  /** As the broker keeps it. */
  async function seen(publication: Partial<Publication>) {
    const properties = { messageId: 'r-1/12/0', type: 'attempt.start', timestamp: 1767600000123 };
    const whole = { exchange: '', routingKey: 'millrace.box', properties, body: '{"a":1}' };
    expect(await broker.publish({ ...whole, ...publication })).toBe('confirmed');
    const message = await stranger.take(`${prefix}.box`);
    if (message === false) throw new Error('nothing arrived');
    return message;
  }

  it('tell a person who looks what they are, of whom, and when', async () => {
    const { properties, content } = await seen({
      properties: {
        messageId: 'r-1/12/0',
        type: 'attempt.start',
        timestamp: 1767600000123,
        correlationId: 'c-1',
        replyTo: 'millrace.replies.x',
        headers: { group: 'r-1', to: 'job/rip' },
      },
    });
    expect(properties).toMatchObject({
      messageId: 'r-1/12/0',
      type: 'attempt.start',
      timestamp: 1767600000,
      correlationId: 'c-1',
      replyTo: `${prefix}.replies.x`,
      contentType: 'application/json',
      deliveryMode: 2,
      appId: 'millrace',
    });
    expect(properties.headers).toMatchObject({ group: 'r-1', to: 'job/rip' });
    expect(content.toString()).toBe('{"a":1}');
  });

  it('arrive with nothing but a body', async () => {
    expect(await received('no json')).toMatchObject({
      exchange: '',
      routingKey: 'millrace.box',
      properties: { messageId: '', type: '', timestamp: 0 },
      body: 'no json',
      redelivered: false,
    });
  });

  it('arrive with headers of any type, as texts', async () => {
    const headers = {
      text: 'a',
      number: 7,
      half: 0.5,
      large: 2 ** 40,
      yes: true,
      nothing: null,
      list: [1, 'two', { three: 3 }],
      table: { a: { b: 'c' } },
      bytes: Buffer.from('raw'),
      time: { '!': 'timestamp', value: 1767600000 },
      ['__proto__']: { polluted: 'yes' },
    };
    const delivery = await received('1', { headers });
    expect(delivery?.properties.headers).toMatchObject({
      text: 'a',
      number: '7',
      half: '0.5',
      large: '1099511627776',
      yes: 'true',
      list: '[1,"two",{"three":3}]',
      table: '{"a":{"b":"c"}}',
      bytes: 'raw',
      time: '2026-01-05T08:00:00.000Z',
    });
    expect(delivery?.properties.headers).not.toHaveProperty('nothing');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('arrive with any bytes for a body, and with none', async () => {
    expect((await received(Buffer.from([0xff, 0xfe, 0x00])))?.body).toHaveLength(3);
    got = [];
    expect((await received(''))?.body).toBe('');
  });

  it('say who sent them when the broker vouches for it', async () => {
    const user = new URL(url).username;
    const delivery = await received('1', {
      userId: user,
      replyTo: 'of-a-stranger',
      messageId: 'm',
    });
    expect(delivery?.properties).toMatchObject({ userId: user, replyTo: 'of-a-stranger' });
  });

  it('to a gateway say who sent them, and no others do', async () => {
    const properties = { messageId: 'c', type: 't', timestamp: 1 };
    const bind = { queue: 'millrace.box', routingKey: 'request.stop' };
    const door = { name: exchanges.commands, kind: 'topic' } as const;
    const other = { name: 'millrace.others', kind: 'topic' } as const;
    const bindings = [door, other].map(({ name }) => ({ ...bind, exchange: name }));
    await broker.declare({ exchanges: [door, other], queues: [], bindings });
    const to = { routingKey: 'request.stop', properties, body: '{}' };
    for (const exchange of [door.name, other.name]) await broker.publish({ ...to, exchange });
    const users = [];
    for (let count = 0; count < 2; count += 1) {
      const message = await stranger.take(`${prefix}.box`);
      if (message !== false) users.push(message.properties.userId as unknown);
    }
    expect(users).toEqual([new URL(url).username, undefined]);
  });

  it('of 1 MB arrive whole', async () => {
    const body = JSON.stringify('x'.repeat(1024 * 1024));
    await broker.publish({
      exchange: '',
      routingKey: 'millrace.box',
      properties: { messageId: 'large', type: 't', timestamp: 1 },
      body,
    });
    const message = await stranger.take(`${prefix}.box`);
    expect(message === false ? 0 : message.content.toString() === body).toBe(true);
  });

  it('that AMQP cannot carry are returned, and said, and hold up nothing', async () => {
    const properties = { messageId: 'x'.repeat(300), type: 't', timestamp: 1 };
    const long = broker.publish({
      exchange: '',
      routingKey: 'millrace.box',
      properties,
      body: '1',
    });
    expect(await long).toBe('returned');
    expect(log.said.at(-1)?.message).toBe('a message does not fit into AMQP');
    expect((await seen({})).content.toString()).toBe('{"a":1}');
  });
}
