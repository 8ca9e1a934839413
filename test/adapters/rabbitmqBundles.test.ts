import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { BundleAcks, bundleOf, messagesOf } from '../../src/adapters/rabbitmq/bundle.ts';
import { Bundler } from '../../src/adapters/rabbitmq/bundler.ts';
import type { Outcome } from '../../src/adapters/rabbitmq/publisher.ts';
import type { Delivery, Publication } from '../../src/ports/broker.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import { exchanges } from '../../src/protocol/topology.ts';

describe('bundles over RabbitMQ', () => {
  it('one message alone is sent as it is', () => {
    expect(bundleOf(answer('1'), [])).toEqual(answer('1'));
  });

  it('bring what was put into them, in order, under tags of their own that end with the delivery’s', () => {
    const odd = '{"__proto__":{"a":1},"n":12345678901234567890,"text":"ü–漢字🚀\\u0000"}';
    const sent = [answer('1', { body: odd }), answer('2', { replyTo: 'millrace.worker.x' })];
    const messages = messagesOf(delivered(bundleOf(answer('0'), sent), { tag: 7 }));
    expect(messages).toEqual([
      { ...delivered(answer('0')), tag: 6 + 1 / 3 },
      { ...delivered(answer('1', { body: odd })), tag: 6 + 2 / 3 },
      { ...delivered(answer('2', { replyTo: 'millrace.worker.x' })), tag: 7 },
    ]);
  });

  it('are vouched for as a whole', () => {
    const bundle = delivered(bundleOf(answer('0'), [answer('1')]));
    const { properties } = bundle;
    const vouched = { ...bundle, properties: { ...properties, userId: 'worker' } };
    expect(messagesOf(vouched).map((each) => each.properties.userId)).toEqual(['worker', 'worker']);
  });

  it.each([
    ['by another exchange', { exchange: exchanges.commands }],
    ['without JSON', { body: 'messages' }],
    ['without messages', { body: '{"messages":[]}' }],
    ['with messages that are none', { body: '{"messages":[{"messageId":"1"}]}' }],
  ])('%s are one message, for whoever consumes to judge', (_, other) => {
    const bundle = { ...delivered(bundleOf(answer('0'), [answer('1')])), ...other };
    expect(messagesOf(bundle)).toEqual([bundle]);
  });

  describe('acks', () => {
    it('the bundle with the last of its messages, whatever their order', () => {
      const { acks, tags } = acksOf(7, 3);
      expect(tags.toReversed().map((tag) => acks.ack(tag))).toEqual([undefined, undefined, 7]);
      expect(acks.ack(8)).toBe(8);
    });

    it('no part of a bundle', () => {
      const { acks, tags } = acksOf(7, 4);
      const [first = 0, second = 0, third = 0, last = 0] = tags;
      expect(acks.ackUpTo(second)).toBe(6);
      expect(acks.ack(first)).toBeUndefined();
      expect(acks.ack(last)).toBeUndefined();
      expect(acks.ack(third)).toBe(7);
      expect(acks.ackUpTo(last)).toBe(7);
    });
  });

  describe('form by themselves', () => {
    it('of what is published in one turn, and while four are on their way', async () => {
      const { bundler, sent, settle } = recorded();
      const first = [bundler.publish(answer('1')), bundler.publish(answer('2'))];
      for (const id of ['3', '4', '5']) {
        await turnOfTheLoop();
        void bundler.publish(answer(id));
      }
      await turnOfTheLoop();
      const four = [['1', '2'], ['3'], ['4'], ['5']];
      expect(sent.map(idsIn)).toEqual(four);
      const last = [bundler.publish(answer('6'))];
      await turnOfTheLoop();
      last.push(bundler.publish(answer('7')));
      await turnOfTheLoop();
      expect(sent.map(idsIn)).toEqual(four);
      settle('confirmed');
      expect(await Promise.all(first)).toEqual(['confirmed', 'confirmed']);
      await turnOfTheLoop();
      expect(sent.map(idsIn)).toEqual([...four, ['6', '7']]);
      for (let n = 0; n < 3; n += 1) settle('confirmed');
      settle('returned');
      expect(await Promise.all(last)).toEqual(['returned', 'returned']);
    });

    it('one for each mailbox, and none of what goes elsewhere', async () => {
      const { bundler, sent } = recorded();
      for (const publication of [
        answer('1'),
        answer('2', { routingKey: '01' }),
        answer('3', { exchange: exchanges.jobs }),
        answer('4'),
      ])
        void bundler.publish(publication);
      expect(sent.map(idsIn)).toEqual([['3']]);
      await turnOfTheLoop();
      expect(sent.map(idsIn)).toEqual([['3'], ['1', '4'], ['2']]);
    });

    it('no longer than 64 messages, or 64 KiB but for one message', async () => {
      const { bundler, sent, settle } = recorded();
      for (let n = 0; n < 100; n += 1) void bundler.publish(answer(String(n)));
      const body = JSON.stringify('x'.repeat(30_000));
      for (let n = 100; n < 103; n += 1) void bundler.publish(answer(String(n), { body }));
      void bundler.publish(answer('103', { body: JSON.stringify('x'.repeat(70_000)) }));
      for (let n = 0; n < 4; n += 1) {
        await turnOfTheLoop();
        settle('confirmed');
      }
      expect(sent.map((each) => idsIn(each).length)).toEqual([64, 38, 1, 1]);
    });

    it('of starts as many as their publisher allows, however many are on their way', async () => {
      const { bundler, sent } = recorded();
      const start = (id: string, mostTogether: number): Publication =>
        answer(id, { exchange: exchanges.jobs, routingKey: 'quick', mostTogether });
      for (let n = 0; n < 20; n += 1) void bundler.publish(start(String(n), 3));
      void bundler.publish(start('alone', 1));
      void bundler.publish(start('other', 1000));
      await turnOfTheLoop();
      const lengths = sent.map((each) => idsIn(each).length);
      expect(lengths).toEqual([1, 3, 3, 3, 3, 3, 3, 3]);
      for (let n = 0; n < 100; n += 1) void bundler.publish(start(String(n), 1000));
      await turnOfTheLoop();
      expect(sent.slice(lengths.length).map((each) => idsIn(each).length)).toEqual([64, 36]);
    });

    it('past what the broker never answers', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      onTestFinished(() => void vi.useRealTimers());
      const { bundler, sent } = recorded();
      for (const id of ['1', '2', '3', '4', '5']) {
        void bundler.publish(answer(id));
        await turnOfTheLoop();
      }
      vi.advanceTimersByTime(999);
      await turnOfTheLoop();
      expect(sent.map(idsIn)).toEqual([['1'], ['2'], ['3'], ['4']]);
      vi.advanceTimersByTime(1);
      await turnOfTheLoop();
      expect(sent.map(idsIn)).toEqual([['1'], ['2'], ['3'], ['4'], ['5']]);
    });

    it('and none is forgotten when it fails', async () => {
      const { bundler, settle } = recorded();
      const outcomes = Promise.allSettled([bundler.publish(answer('1')), later(bundler)]);
      await turnOfTheLoop();
      settle(new TransientError('the channel was closed'));
      await turnOfTheLoop();
      settle('confirmed');
      expect(await outcomes).toMatchObject([
        { status: 'rejected', reason: { message: 'the channel was closed' } },
        { status: 'fulfilled', value: 'confirmed' },
      ]);
    });
  });
});

type Other = Partial<Publication> & { replyTo?: string };

function answer(messageId: string, { replyTo, ...other }: Other = {}): Publication {
  return {
    exchange: exchanges.results,
    routingKey: '00',
    properties: {
      messageId,
      type: 'attempt.succeeded',
      timestamp: 1767600000123,
      headers: { group: 'r-1', to: 'job/1' },
      ...(replyTo !== undefined && { replyTo }),
    },
    body: '{"key":"run","attempt":1}',
    ...other,
  };
}

function delivered(publication: Publication, { tag = 1 } = {}): Delivery {
  return { ...publication, redelivered: false, tag };
}

function idsIn(publication: Publication): string[] {
  return messagesOf(delivered(publication)).map(({ properties }) => properties.messageId);
}

function acksOf(tag: number, size: number): { acks: BundleAcks; tags: number[] } {
  const more = Array.from({ length: size - 1 }, (_, n) => answer(String(n + 1)));
  const messages = messagesOf(delivered(bundleOf(answer('0'), more), { tag }));
  const acks = new BundleAcks();
  acks.add(messages);
  return { acks, tags: messages.map((each) => each.tag) };
}

function recorded() {
  const sent: Publication[] = [];
  const open: { resolve(outcome: Outcome): void; reject(error: Error): void }[] = [];
  const bundler = new Bundler((publication) => {
    sent.push(publication);
    return new Promise((resolve, reject) => open.push({ resolve, reject }));
  });
  const settle = (outcome: Outcome | Error): void => {
    const first = open.shift();
    if (typeof outcome === 'string') first?.resolve(outcome);
    else first?.reject(outcome);
  };
  return { bundler, sent, settle };
}

async function later(bundler: Bundler): Promise<Outcome> {
  await turnOfTheLoop();
  return bundler.publish(answer('2'));
}

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
