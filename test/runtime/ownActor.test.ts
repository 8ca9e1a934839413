/** An actor of the user's own, from the public API alone, hosted over real files and driven through the broker. */
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { assign, createMachine, emit, fromPromise, setup } from 'xstate';
import { z } from 'zod';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import { createMillrace, defineActor, defineJob, reply, toJob } from '../../src/index.ts';
import type { Millrace } from '../../src/index.ts';
import type { Broker } from '../../src/ports/broker.ts';
import {
  exchanges,
  ownQueueTopology,
  partitionKey,
  partitionOf,
  rejectedQueue,
} from '../../src/protocol/topology.ts';
import { eventually } from '../kit/eventually.ts';
import { collect } from '../kit/rig.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const started: Millrace[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((millrace) => millrace.stop()));
});

describe('an actor of the user’s own', () => {
  it('with `invoke` is refused, naming the state', () => {
    const machine = createMachine({
      id: 'order',
      initial: 'paying',
      states: { paying: { invoke: { src: fromPromise(() => Promise.resolve(1)) } } },
    });
    const define = (): unknown =>
      defineActor({ kind: 'order', machine, accepts: {}, startedBy: [], effects: {} });
    expect(define).toThrow(expect.objectContaining({ code: 'definition' }));
    expect(define).toThrow(
      'actor "order": state "order.paying" uses invoke, which a replay of the journal could not repeat',
    );
  });

  /** Packs when it is paid, reminds when it is not, answers when it is asked. */
  const order = setup({
    types: {
      input: {} as { price: number },
      context: {} as { price: number; reminders: number; parcel?: unknown },
      events: {} as
        | { type: 'order.place'; price: number }
        | { type: 'order.pay'; amount: number }
        | { type: 'order.ask' }
        | { type: 'order.discount'; percent: number }
        | { type: 'attempt.succeeded'; result?: unknown },
      emitted: {} as { type: 'pack'; price: number } | { type: 'tell'; reminders: number },
    },
    delays: { patience: 40 },
  }).createMachine({
    id: 'order',
    context: ({ input }) => ({ price: input.price, reminders: 0 }),
    initial: 'placed',
    on: {
      'order.ask': {
        actions: emit(({ context }) => ({ type: 'tell', reminders: context.reminders })),
      },
      'order.discount': {
        actions: assign(({ event }) => {
          if (event.percent > 100) throw new Error('the shop does not pay its customers');
          return {};
        }),
      },
    },
    states: {
      placed: {
        after: {
          patience: {
            target: 'reminded',
            actions: assign({ reminders: ({ context }) => context.reminders + 1 }),
          },
        },
      },
      reminded: { on: { 'order.pay': 'packing' } },
      packing: {
        entry: emit(({ context }) => ({ type: 'pack', price: context.price })),
        on: {
          'attempt.succeeded': {
            target: 'sent',
            actions: assign({ parcel: ({ event }) => event.result }),
          },
        },
      },
      sent: { type: 'final' },
    },
  });
  const orders = defineActor({
    kind: 'order',
    machine: order,
    accepts: {
      'order.place': z.object({ price: z.number() }),
      'order.pay': z.object({ amount: z.number() }),
      'order.discount': z.object({ percent: z.number() }),
      'order.ask': z.object({}),
    },
    startedBy: ['order.place'],
    effects: {
      pack: ({ price }) => toJob('pack', { type: 'pack', args: { price }, attempt: 1 }),
      tell: ({ reminders }) => reply({ ok: true, reminders }),
    },
    queries: { type: ({ context }) => `order of ${context.price}` },
  });
  const pack = defineJob({
    type: 'pack',
    args: z.object({ price: z.number() }),
    run: ({ args }) => ({ parcel: args.price }),
  });

  async function opened() {
    const broker: Broker = openSmqpBroker();
    const options = { actors: [orders], jobs: [pack], data: tempFolder(), partitions: 2 };
    const log = pino({ level: 'silent' });
    const millrace = createMillrace(options, { openBroker: () => broker, log });
    started.push(millrace);
    await millrace.start();
    const replies: unknown[] = [];
    const replyTo = 'shop.replies';
    await broker.declare(ownQueueTopology(exchanges.replies, replyTo, replyTo));
    await broker.consume(replyTo, {
      prefetch: 1000,
      onClosed: () => undefined,
      onDelivery: ({ body }) => void replies.push(JSON.parse(body)),
    });
    const tell = async (type: string, body: object): Promise<void> => {
      await broker.publish({
        exchange: exchanges.partitions,
        routingKey: partitionKey(partitionOf('order-7', 2)),
        properties: {
          messageId: `${type}-${replies.length}`,
          type,
          timestamp: 0,
          replyTo,
          headers: { group: 'order-7', to: 'order/main' },
        },
        body: JSON.stringify(body),
      });
    };
    return { millrace, broker, replies, tell };
  }

  it('is hosted like the built-in ones: states, a named delay, an attempt, a reply, a query', async () => {
    const { millrace, replies, tell } = await opened();
    const { reader } = millrace.client;
    await tell('order.place', { price: 12 });
    await eventually(async () =>
      expect(await reader.state('order-7')).toEqual({ state: 'REMINDED' }),
    );
    await tell('order.ask', {});
    await eventually(() => expect(replies).toEqual([{ ok: true }, { ok: true, reminders: 1 }]));
    await tell('order.pay', { amount: 12 });
    await eventually(async () => expect(await reader.state('order-7')).toEqual({ state: 'SENT' }));
    const events = await collect(reader.events('order-7'));
    expect(events.map(({ type }) => type)).toEqual([
      'order.place',
      'timer.fired',
      'order.ask',
      'order.pay',
      'attempt.succeeded',
    ]);
    expect(events.at(-1)?.transitions).toEqual([
      { actor: 'order/main', from: 'PACKING', to: 'SENT' },
    ]);
    await eventually(async () =>
      expect(await reader.list()).toMatchObject([
        { group: 'order-7', type: 'order of 12', state: 'sent' },
      ]),
    );
  });

  it('that throws at a command refuses it with its own words, and goes on', async () => {
    const { millrace, broker, replies, tell } = await opened();
    await tell('order.place', { price: 12 });
    await eventually(() => expect(replies).toHaveLength(1));
    await tell('order.discount', { percent: 120 });
    await eventually(() =>
      expect(replies[1]).toEqual({
        ok: false,
        code: 'rejected',
        message: 'the shop does not pay its customers',
      }),
    );
    await tell('order.discount', { percent: 'all' });
    await eventually(() =>
      expect(replies[2]).toMatchObject({
        ok: false,
        message: expect.stringContaining('percent: '),
      }),
    );
    expect(await broker.inspect(rejectedQueue)).toMatchObject({ ready: 2 });
    await eventually(async () =>
      expect(await millrace.client.reader.state('order-7')).toEqual({ state: 'REMINDED' }),
    );
  });
});
