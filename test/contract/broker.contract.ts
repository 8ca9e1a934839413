/** What every broker does. `open` gives a fresh one whose names collide with no other test's. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Broker, Channel, Delivery, Publication } from '../../src/ports/broker.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import { exchanges } from '../../src/protocol/topology.ts';
import type { Topology } from '../../src/protocol/topology.ts';
import { eventually } from '../kit/eventually.ts';
import { mailboxContract } from './mailbox.contract.ts';

export type BrokerUnderTest = {
  broker: Broker;
  deleteQueue(queue: string): void | Promise<void>;
  close(): Promise<void>;
};

export const contractTopology: Topology = {
  exchanges: [
    { name: 'millrace.work', kind: 'direct' },
    { name: 'millrace.news', kind: 'fanout' },
    { name: 'millrace.rest', kind: 'fanout' },
    { name: 'millrace.talk', kind: 'topic' },
    { name: 'millrace.door', kind: 'direct', alternate: 'millrace.rest' },
    { name: exchanges.partitions, kind: 'direct' },
    { name: exchanges.jobs, kind: 'direct' },
  ],
  queues: [
    { name: 'millrace.plain' },
    { name: 'millrace.single', singleActiveConsumer: true },
    { name: 'millrace.mailbox', singleActiveConsumer: true },
    { name: 'millrace.job.quick' },
    { name: 'millrace.own', kind: 'exclusive' },
  ],
  bindings: [
    { exchange: 'millrace.work', queue: 'millrace.plain', routingKey: 'plain' },
    { exchange: 'millrace.work', queue: 'millrace.single', routingKey: 'single' },
    { exchange: 'millrace.news', queue: 'millrace.plain', routingKey: '' },
    { exchange: 'millrace.news', queue: 'millrace.single', routingKey: '' },
    { exchange: 'millrace.talk', queue: 'millrace.plain', routingKey: 'job.*.done' },
    { exchange: 'millrace.door', queue: 'millrace.plain', routingKey: 'plain' },
    { exchange: 'millrace.rest', queue: 'millrace.single', routingKey: '' },
    { exchange: exchanges.partitions, queue: 'millrace.mailbox', routingKey: '00' },
    { exchange: exchanges.jobs, queue: 'millrace.job.quick', routingKey: 'quick' },
  ],
};

function message(body: string, to: Partial<Publication> = {}): Publication {
  const properties = {
    messageId: `id of ${body}`,
    type: 'thing.happened',
    timestamp: 1767600000000,
  };
  return { exchange: 'millrace.work', routingKey: 'plain', properties, body, ...to };
}

function bodies(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ body }) => body);
}

/** Runs the suite. */
export function brokerContract(name: string, open: () => Promise<BrokerUnderTest>): void {
  describe(`broker ${name}`, () => {
    let subject: BrokerUnderTest;
    let broker: Broker;

    beforeEach(async () => {
      subject = await open();
      broker = subject.broker;
      await broker.declare(contractTopology);
    });

    afterEach(() => subject.close());

    async function publish(list: readonly string[], routingKey = 'plain'): Promise<void> {
      const outcomes = await Promise.all(
        list.map((body) => broker.publish(message(body, { routingKey }))),
      );
      expect(new Set(outcomes)).toEqual(new Set(['confirmed']));
    }

    async function consume(queue: string, prefetch = 100) {
      const got: Delivery[] = [];
      const closed: string[] = [];
      const channel: Channel = await broker.consume(queue, {
        prefetch,
        onDelivery: (delivery) => got.push(delivery),
        onClosed: (reason) => closed.push(reason),
      });
      return { got, closed, channel };
    }

    it('delivers what was published with its properties, in order', async () => {
      const properties = {
        messageId: 'm-1',
        type: 'attempt.start',
        timestamp: 1767600000000,
        correlationId: 'c-1',
        replyTo: 'millrace.own',
        headers: { group: 'g', to: 'job/1' },
      };
      await broker.publish(message('1', { properties }));
      await publish(['2', '3']);
      const { got } = await consume('millrace.plain');
      await eventually(() => expect(bodies(got)).toEqual(['1', '2', '3']));
      expect(got[0]).toMatchObject({
        exchange: 'millrace.work',
        routingKey: 'plain',
        properties,
        redelivered: false,
      });
      expect(got[0]?.properties).toEqual(properties);
    });

    it('leaves a body as it is', async () => {
      const odd =
        '{"__proto__":{"a":1},"$set":"ü–漢字🚀\\u0000","a.b":[[[1],[]],{"constructor":null}]," ":""}';
      await publish([odd]);
      const { got } = await consume('millrace.plain');
      await eventually(() => expect(bodies(got)).toEqual([odd]));
    });

    it('delivers to a consumer that was there first, after publish has returned', async () => {
      const { got } = await consume('millrace.plain');
      const outcome = broker.publish(message('1'));
      expect(got).toEqual([]);
      expect(await outcome).toBe('confirmed');
      await eventually(() => expect(bodies(got)).toEqual(['1']));
    });

    it('delivers only to who has the channel to ack it on', async () => {
      await publish(['1', '2', '3']);
      const got: string[] = [];
      const channel = await broker.consume('millrace.plain', {
        prefetch: 1,
        onDelivery({ body, tag }) {
          got.push(body);
          channel.ack(tag);
        },
        onClosed: () => undefined,
      });
      await eventually(() => expect(got).toEqual(['1', '2', '3']));
    });

    it('routes by key, to all, by pattern, and by the name of a queue', async () => {
      await publish(['direct'], 'single');
      await broker.publish(message('fanout', { exchange: 'millrace.news', routingKey: '' }));
      await broker.publish(
        message('topic', { exchange: 'millrace.talk', routingKey: 'job.rip.done' }),
      );
      await broker.publish(message('default', { exchange: '', routingKey: 'millrace.single' }));
      const plain = await consume('millrace.plain');
      const single = await consume('millrace.single');
      await eventually(() => expect(bodies(plain.got)).toEqual(['fanout', 'topic']));
      await eventually(() => expect(bodies(single.got)).toEqual(['direct', 'fanout', 'default']));
    });

    it('returns what leads to no queue', async () => {
      expect(await broker.publish(message('1', { routingKey: 'nowhere' }))).toBe('returned');
      expect(await broker.publish(message('2', { exchange: '', routingKey: 'nowhere' }))).toBe(
        'returned',
      );
      expect(
        await broker.publish(message('3', { exchange: 'millrace.talk', routingKey: 'job.done' })),
      ).toBe('returned');
      await publish(['4']);
    });

    it('confirms news that nobody listens to, but none to an exchange that is not there', async () => {
      const news = (exchange: string) => message('1', { exchange, routingKey: 'x', isNews: true });
      expect(await broker.publish(news('millrace.talk'))).toBe('confirmed');
      expect(await broker.publish(news('millrace.undeclared'))).toBe('returned');
    });

    it('gives what no binding takes to the alternate exchange', async () => {
      const to = (routingKey: string) => ({ exchange: 'millrace.door', routingKey });
      await broker.publish(message('bound', to('plain')));
      await broker.publish(message('other', to('anything')));
      const plain = await consume('millrace.plain');
      const single = await consume('millrace.single');
      await eventually(() => expect(bodies(single.got)).toEqual(['other']));
      expect(single.got[0]).toMatchObject({ exchange: 'millrace.door', routingKey: 'anything' });
      await eventually(() => expect(bodies(plain.got)).toEqual(['bound']));
    });

    it('tells apart what becomes of messages that are published at once under one id', async () => {
      const { properties } = message('same');
      const keys = ['plain', 'nowhere', 'plain', 'nowhere', 'single'];
      const outcomes = await Promise.all(
        keys.map((routingKey) => broker.publish(message('1', { properties, routingKey }))),
      );
      expect(outcomes).toEqual(['confirmed', 'returned', 'confirmed', 'returned', 'confirmed']);
    });

    it('returns what is published to an exchange that nobody declared, and goes on', async () => {
      const lost = message('1', { exchange: 'millrace.undeclared' });
      const outcomes = [broker.publish(lost), broker.publish(message('2')), broker.publish(lost)];
      expect(await Promise.all(outcomes)).toEqual(['returned', 'confirmed', 'returned']);
    });

    it('may be told the same topology again without losing anything', async () => {
      await publish(['1']);
      await broker.declare(contractTopology);
      const { got } = await consume('millrace.plain');
      await eventually(() => expect(bodies(got)).toEqual(['1']));
    });

    it('hands out no more than the prefetch until something is acked', async () => {
      const { got, channel } = await consume('millrace.plain', 2);
      await publish(['1', '2', '3', '4', '5']);
      await eventually(() => expect(bodies(got)).toEqual(['1', '2']));
      await eventually(async () =>
        expect(await broker.inspect('millrace.plain')).toMatchObject({ ready: 3 }),
      );
      channel.ack(got[1]?.tag ?? 0);
      await eventually(() => expect(bodies(got)).toEqual(['1', '2', '3']));
      channel.ackUpTo(got[2]?.tag ?? 0);
      await eventually(() => expect(bodies(got)).toEqual(['1', '2', '3', '4', '5']));
    });

    it('acks up to a tag and nothing after it', async () => {
      const { got, channel } = await consume('millrace.plain');
      await publish(['1', '2', '3', '4']);
      await eventually(() => expect(got).toHaveLength(4));
      channel.ackUpTo(got[1]?.tag ?? 0);
      await channel.close();
      const next = await consume('millrace.plain');
      await eventually(() => expect(bodies(next.got)).toEqual(['3', '4']));
    });

    mailboxContract({ broker: () => broker, consume });

    it('redelivers in order what a closed channel had not acked, before what came later', async () => {
      const { got, closed, channel } = await consume('millrace.plain', 3);
      await publish(['1', '2', '3', '4']);
      await eventually(() => expect(got).toHaveLength(3));
      channel.ack(got[1]?.tag ?? 0);
      await eventually(() => expect(got).toHaveLength(4));
      await channel.close();
      await publish(['5']);
      const next = await consume('millrace.plain');
      await eventually(() => expect(bodies(next.got)).toEqual(['1', '3', '4', '5']));
      expect(next.got.map(({ redelivered }) => redelivered)).toEqual([true, true, true, false]);
      expect(closed).toEqual([]);
    });

    it('takes an ack of what is acked already, and of a channel that has ended', async () => {
      const { got, closed, channel } = await consume('millrace.plain');
      await publish(['1', '2', '3']);
      await eventually(() => expect(got).toHaveLength(3));
      const [, second, third] = got;
      for (const { tag } of [third, second, third].flatMap((each) => each ?? []))
        channel.ackUpTo(tag);
      channel.ack(second?.tag ?? 0);
      await publish(['4']);
      await eventually(() => expect(got).toHaveLength(4));
      await subject.deleteQueue('millrace.plain');
      await eventually(() => expect(closed).toHaveLength(1));
      channel.ack(got[3]?.tag ?? 0);
      await channel.close();
      channel.ackUpTo(got[3]?.tag ?? 0);
      expect(closed).toHaveLength(1);
    });

    it('says nothing to a listener while the connection holds', async () => {
      const heard: string[] = [];
      const end = broker.watch({
        onDisconnected: () => heard.push('lost'),
        onConnected: () => heard.push('back'),
        onBlocked: () => heard.push('blocked'),
      });
      await publish(['1']);
      await subject.deleteQueue('millrace.plain');
      expect(await broker.publish(message('2'))).toBe('returned');
      expect(heard).toEqual([]);
      end();
      end();
    });

    it('delivers nothing on a channel that was closed', async () => {
      const { got, channel } = await consume('millrace.plain');
      await channel.close();
      await channel.close();
      await publish(['1']);
      await eventually(async () =>
        expect(await broker.inspect('millrace.plain')).toMatchObject({ ready: 1 }),
      );
      expect(got).toEqual([]);
    });

    it('lets one consumer at a time have a single active consumer queue', async () => {
      const first = await consume('millrace.single', 1);
      const second = await consume('millrace.single', 10);
      await publish(['1', '2'], 'single');
      await eventually(() => expect(bodies(first.got)).toEqual(['1']));
      expect(second.got).toEqual([]);
      first.channel.ack(first.got[0]?.tag ?? 0);
      await eventually(() => expect(bodies(first.got)).toEqual(['1', '2']));
      await first.channel.close();
      await eventually(() => expect(bodies(second.got)).toEqual(['2']));
      expect(second.got[0]?.redelivered).toBe(true);
    });

    it('shares any other queue between its consumers', async () => {
      const first = await consume('millrace.plain', 1);
      const second = await consume('millrace.plain', 1);
      await publish(['1', '2']);
      await eventually(() =>
        expect([...bodies(first.got), ...bodies(second.got)].sort()).toEqual(['1', '2']),
      );
      expect(first.got).toHaveLength(1);
    });

    it('counts the consumers of a queue', async () => {
      const count = async () => (await broker.inspect('millrace.plain'))?.consumers;
      expect(await count()).toBe(0);
      const first = await consume('millrace.plain');
      await consume('millrace.plain');
      await eventually(async () => expect(await count()).toBe(2));
      await first.channel.close();
      await eventually(async () => expect(await count()).toBe(1));
    });

    it('counts what waits, and knows when a queue is not there', async () => {
      await publish(['1', '2', '3']);
      await eventually(async () =>
        expect(await broker.inspect('millrace.plain')).toMatchObject({ ready: 3 }),
      );
      await consume('millrace.plain', 1);
      await eventually(async () =>
        expect(await broker.inspect('millrace.plain')).toMatchObject({ ready: 2 }),
      );
      expect(await broker.inspect('millrace.nowhere')).toBeUndefined();
    });

    it('refuses to consume a queue that is not there, and goes on', async () => {
      await expect(consume('millrace.nowhere')).rejects.toBeInstanceOf(TransientError);
      await publish(['1']);
    });

    it('tells the consumer of a deleted queue, once', async () => {
      const { closed } = await consume('millrace.plain');
      await subject.deleteQueue('millrace.plain');
      await eventually(() => expect(closed).toHaveLength(1));
      expect(await broker.publish(message('1'))).toBe('returned');
      await broker.declare(contractTopology);
      await publish(['2']);
      expect(closed).toHaveLength(1);
    });

    it('drops an exclusive queue with its last consumer', async () => {
      const { got, channel } = await consume('millrace.own');
      await broker.publish(message('1', { exchange: '', routingKey: 'millrace.own' }));
      await eventually(() => expect(bodies(got)).toEqual(['1']));
      await channel.close();
      const later = message('2', { exchange: '', routingKey: 'millrace.own' });
      await eventually(async () => expect(await broker.publish(later)).toBe('returned'));
    });
  });
}
