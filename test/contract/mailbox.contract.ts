/** How messages come that adapters may carry several at a time: to a mailbox, and starts of quick jobs. Part of the broker's suite. */
import { describe, expect, it } from 'vitest';
import type { Broker, Channel, Delivery } from '../../src/ports/broker.ts';
import { exchanges } from '../../src/protocol/topology.ts';
import { eventually } from '../kit/eventually.ts';

const queue = 'millrace.mailbox';
const all = Array.from({ length: 150 }, (_, n) => String(n));
const long = JSON.stringify('x'.repeat(70_000));

export type MailboxUnderTest = {
  broker(): Broker;
  consume(queue: string, prefetch: number): Promise<{ got: Delivery[]; channel: Channel }>;
};

export function mailboxContract({ broker, consume }: MailboxUnderTest): void {
  describe('many messages to one mailbox', () => {
    function mailed(n: number): Delivery['properties'] {
      const headers = { group: `g ${n}`, to: 'chain/main' };
      return { messageId: `id ${n}`, type: 'thing.happened', timestamp: 1767600000000, headers };
    }

    async function mail(list: readonly string[]): Promise<void> {
      const to = { exchange: exchanges.partitions, routingKey: '00' };
      const outcomes = await Promise.all(
        list.map((body, n) => broker().publish({ ...to, properties: mailed(n), body })),
      );
      expect(new Set(outcomes)).toEqual(new Set(['confirmed']));
    }

    const bodies = (got: readonly Delivery[]): string[] => got.map(({ body }) => body);

    it('come one by one and in order, each with its own properties, whatever its length', async () => {
      const list = ['first', ...all, long, ...all];
      await mail(list);
      const { got } = await consume(queue, 1000);
      await eventually(() => expect(got).toHaveLength(list.length));
      expect(bodies(got)).toEqual(list);
      expect(got.map(({ properties }) => properties)).toEqual(list.map((_, n) => mailed(n)));
      expect(new Set(got.map(({ tag }) => tag)).size).toBe(list.length);
    });

    it('come again where they were not acked up to', async () => {
      await mail(all);
      const first = await consume(queue, 1000);
      await eventually(() => expect(first.got).toHaveLength(all.length));
      first.channel.ackUpTo(first.got[99]?.tag ?? 0);
      await first.channel.close();
      const { got, channel } = await consume(queue, 1000);
      await eventually(() => expect(bodies(got)).toEqual(expect.arrayContaining(all.slice(100))));
      expect(bodies(got)).toEqual(all.slice(-got.length));
      channel.ackUpTo(got.at(-1)?.tag ?? 0);
      await channel.close();
      expect(await broker().inspect(queue)).toMatchObject({ ready: 0 });
    });

    it('are gone when each was acked by itself, in any order', async () => {
      await mail(all);
      const { got, channel } = await consume(queue, 1000);
      await eventually(() => expect(got).toHaveLength(all.length));
      channel.ackUpTo(got[10]?.tag ?? 0);
      for (const { tag } of got.toReversed()) channel.ack(tag);
      await channel.close();
      expect(await broker().inspect(queue)).toMatchObject({ ready: 0 });
    });
  });

  it('many starts that may travel together come one by one, and again where they were not acked', async () => {
    const to = { exchange: exchanges.jobs, routingKey: 'quick', mostTogether: 8 };
    const started = (n: number) => ({ messageId: `s ${n}`, type: 'attempt.start', timestamp: 0 });
    const outcomes = await Promise.all(
      all.map((body, n) => broker().publish({ ...to, properties: started(n), body })),
    );
    expect(new Set(outcomes)).toEqual(new Set(['confirmed']));
    const first = await consume('millrace.job.quick', 1000);
    await eventually(() => expect(first.got).toHaveLength(all.length));
    const idsOf = (got: readonly Delivery[]) => got.map(({ properties }) => properties.messageId);
    expect(idsOf(first.got).toSorted()).toEqual(all.map((n) => `s ${n}`).toSorted());
    const [kept, ...acked] = first.got;
    for (const { tag } of acked) first.channel.ack(tag);
    await first.channel.close();
    const { got, channel } = await consume('millrace.job.quick', 1000);
    await eventually(() => expect(idsOf(got)).toContain(kept?.properties.messageId));
    expect(got.length).toBeLessThanOrEqual(8);
    expect(new Set(got.map(({ redelivered }) => redelivered))).toEqual(new Set([true]));
    for (const { tag } of got) channel.ack(tag);
    await channel.close();
    expect(await broker().inspect('millrace.job.quick')).toMatchObject({ ready: 0 });
  });
}
