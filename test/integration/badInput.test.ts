/** What a user is told about bad input, through `createMillrace` over real files; a chain can go on afterwards. */
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assign, createMachine, emit, fromPromise, setup } from 'xstate';
import { z } from 'zod';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { SqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { Ports } from '../../src/compose.ts';
import {
  createMillrace,
  defineActor,
  defineChain,
  defineJob,
  reply,
  toJob,
} from '../../src/index.ts';
import type { JobContext, Millrace, MillraceOptions, PlanContext, RequestEvent } from '../../src/index.ts';
import type { Broker } from '../../src/ports/broker.ts';
import { exchanges, ownQueueTopology, partitionKey, partitionOf, rejectedQueue } from '../../src/protocol/topology.ts';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';

let data: string;
let started: Millrace[] = [];
let log: string[] = [];

beforeEach(() => {
  data = tempFolder();
  log = [];
});

afterEach(async () => {
  await Promise.all(started.map((millrace) => millrace.stop()));
  started = [];
});

async function start(options: MillraceOptions, ports: Partial<Ports> = {}): Promise<Millrace> {
  const millrace = createMillrace(
    { data, partitions: 2, graceMs: 20, ...options },
    { log: pino({ level: 'warn' }, { write: (line: string) => void log.push(line) }), ...ports },
  );
  started.push(millrace);
  await millrace.start();
  return millrace;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function job(type: string, run: (context: JobContext<{ path: string }>) => unknown = ({ args }) => args.path) {
  return defineJob({ type, args: z.object({ path: z.string() }), run });
}

describe('a chain that cannot be planned is refused before anything is stored:', () => {
  const copy = job('copy');
  const args = { path: 'a.txt' };

  async function refused(plan: (context: PlanContext<unknown>) => void, ...words: (string | RegExp)[]): Promise<void> {
    const chain = defineChain({ type: 'backup', args: z.unknown(), plan });
    const { client } = await start({ jobs: [copy], chains: [chain] });
    const refusal = await client.start(chain, {}).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({ name: 'MillraceError', code: 'plan' });
    for (const word of ['backup', ...words]) expect(String(refusal)).toMatch(word);
    expect(await client.reader.list()).toEqual([]);
  }

  it('an unknown job type, with the nearest name', () =>
    refused((plan) => void plan.job(job('copyy'), args), 'copyy', '"copy"'));

  it('jobs that wait for each other, with the cycle', () =>
    refused((plan) => {
      plan.job(copy, args, { name: 'a', after: 'b' });
      plan.job(copy, args, { name: 'b', after: 'a' });
    }, /a.*b.*a/));

  it('a dependency that is not there, with both names', () =>
    refused((plan) => void plan.job(copy, args, { name: 'a', after: 'fetch' }), '"a"', '"fetch"'));

  it('two jobs of one name', () =>
    refused((plan) => {
      plan.job(copy, args, { name: 'a' });
      plan.job(copy, args, { name: 'a' });
    }, '"a"'));

  it('args that do not fit a job, with the place', () =>
    refused((plan) => void plan.job(copy, { path: 7 } as unknown as { path: string }, { name: 'a' }), 'path', 'copy'));

  it('a plan that throws, with what it threw', () =>
    refused(() => {
      throw new Error('no such directory docs');
    }, 'no such directory docs'));

  it('args that do not fit the chain', async () => {
    const chain = defineChain({ type: 'backup', args: z.object({ dir: z.string() }), plan: () => undefined });
    const { client } = await start({ jobs: [copy], chains: [chain] });
    await expect(client.start(chain, { dir: 7 } as unknown as { dir: string })).rejects.toMatchObject({
      code: 'plan',
      message: expect.stringContaining('dir: '),
    });
  });
});

it('a command for a request that does not exist says so', async () => {
  const { client } = await start({});
  await expect(client.request('nope').stop()).rejects.toMatchObject({
    code: 'not-found',
    message: 'request "nope" does not exist in this store',
  });
  await expect(client.request('nope').status()).rejects.toThrow('`millrace status` lists those that do');
});

describe('a handler', () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  /** What a job of the chain does at first; it is well when the program is started anew. */
  function definitions(run: (context: JobContext<unknown>) => unknown): MillraceOptions & { backup: ReturnType<typeof defineChain> } {
    const retry = { attempts: 9, waitMs: 3_600_000 };
    const first = defineJob({ type: 'first', args: z.object({}), run: () => 'one' });
    const bad = defineJob({ type: 'bad', args: z.object({}), retry, timeoutMs: 30_000, run });
    const hasty = defineJob({ type: 'hasty', args: z.object({}), retry, timeoutMs: 30, run });
    const backup = defineChain({
      type: 'backup',
      args: z.object({ isHasty: z.boolean() }),
      plan({ args, job: add }) {
        add(args.isHasty ? hasty : bad, {}, { name: 'bad', after: add(first, {}, { name: 'one' }) });
      },
    });
    return { jobs: [first, bad, hasty], chains: [backup], backup };
  }

  async function failsWith(run: (context: JobContext<unknown>) => unknown, reason: RegExp, isHasty = false): Promise<void> {
    const { backup, ...options } = definitions(run);
    const millrace = await start(options);
    const request = await millrace.client.start(backup, { isHasty });
    const failure = async (): Promise<RequestEvent | undefined> =>
      (await collect(request.events())).find(({ type }) => type === 'attempt.failed');
    await eventually(async () => expect(await failure()).toMatchObject({ body: { reason: expect.stringMatching(reason) } }));
    await request.suspend();
    expect(await request.settled()).toMatchObject({ state: 'SUSPENDED' });
    await millrace.stop();
    const { backup: _, ...well } = definitions(() => 'two');
    const again = (await start(well)).client.request(request.id);
    expect(await again.status()).toMatchObject({ state: 'SUSPENDED', counts: { complete: 1 } });
    await again.resume();
    expect(await again.finished()).toMatchObject({ state: 'COMPLETE', counts: { complete: 2 } });
    const answers = (await collect(again.events())).filter(({ type }) => type === 'attempt.succeeded');
    expect(answers.map(({ body }) => body)).toMatchObject([{ result: 'one' }, { result: 'two' }]);
  }

  it('that throws fails with its message', () =>
    failsWith(() => {
      throw new Error('no such file a.txt');
    }, /^no such file a\.txt\n\s+at /));

  it('that throws no Error fails all the same', () =>
    failsWith(() => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what users do
      throw 'oops';
    }, /^threw "oops", which is not an Error/));

  it('that returns what is no JSON is told where', () =>
    failsWith(() => ({ files: [{ size: Number.NaN }] }), /^result\.files\[0\]\.size is NaN; return JSON only/));

  it('that puts into data what is no JSON is told where', () =>
    failsWith(({ data: map }) => {
      map['when'] = new Date(0);
    }, /^data\.when is .*Date; put JSON only into data/));

  it('that returns 20 MB is told to return a name', () =>
    failsWith(() => 'x'.repeat(20e6), /^job bad returned 20\.0 MB; at most 16 MiB; store it elsewhere and return a name/));

  it('that never ends is timed out', () =>
    failsWith(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
      /^timed out after 30 ms$/,
      true,
    ));

  it('that ignores its signal too is given up after the grace', () =>
    failsWith(never, /^timed out after 30 ms and ignored its signal for 20 ms/, true));

  it('that fails for good fails its chain, whose status tells why', async () => {
    const broken = defineJob({
      type: 'broken',
      args: z.object({}),
      run: () => {
        throw new Error('no such file a.txt');
      },
    });
    const chain = defineChain({ type: 'c', args: z.object({}), plan: ({ job: add }) => void add(broken, {}, { name: 'b' }) });
    const { client } = await start({ jobs: [broken], chains: [chain] });
    const request = await client.start(chain, {});
    expect(await request.finished()).toMatchObject({
      state: 'FAIL',
      failures: [{ name: 'b', reason: expect.stringContaining('no such file a.txt') }],
    });
    await expect(request.resume()).rejects.toMatchObject({ code: 'state', message: expect.stringContaining('only a suspended request can be resumed') });
  });
});

describe('a disk that is full', () => {
  it('makes the chain wait; it goes on when room is made, and nothing is lost or done twice', async () => {
    const stores: SqliteStore[] = [];
    const ran: string[] = [];
    const fill = defineJob({
      type: 'fill',
      args: z.object({ n: z.number() }),
      run({ args: { n }, jobId }) {
        ran.push(jobId);
        if (n === 3) for (const store of stores) store.limitPages(1);
        return `${n}`.repeat(50_000);
      },
    });
    const chain = defineChain({
      type: 'filling',
      args: z.object({}),
      plan({ job: add }) {
        let last = add(fill, { n: 0 });
        for (let n = 1; n < 8; n += 1) last = add(fill, { n }, { after: last });
      },
    });
    const openStore: Ports['openStore'] = (config) => {
      const store = openSqliteStore({ path: join(config.data, 'store.db'), partitions: config.partitions });
      stores.push(store);
      return store;
    };
    const options = { jobs: [fill], chains: [chain] };
    const millrace = await start(options, { openStore });
    const request = await millrace.client.start(chain, {});
    await eventually(() => expect(log.join('')).toContain('the disk is full, or the file has reached its page limit: free some space'));
    expect(ran.length).toBeLessThan(8);
    expect(await request.status()).toMatchObject({ state: 'RUNNING' });
    for (const store of stores) store.limitPages();
    expect(await request.finished()).toMatchObject({ state: 'COMPLETE', counts: { complete: 8 } });
    expect(new Set(ran).size).toBe(8);
    expect(ran).toHaveLength(8);
    await millrace.stop();
    const again = (await start(options)).client.request(request.id);
    expect(await again.status()).toMatchObject({ state: 'COMPLETE' });
    const results = (await collect(again.events())).filter(({ type }) => type === 'attempt.succeeded');
    expect(results).toHaveLength(8);
  });
});

describe('an actor of the user’s own', () => {
  it('with `invoke` is refused, naming the state', () => {
    const machine = createMachine({
      id: 'order',
      initial: 'paying',
      states: { paying: { invoke: { src: fromPromise(() => Promise.resolve(1)) } } },
    });
    const define = (): unknown => defineActor({ kind: 'order', machine, accepts: {}, startedBy: [], effects: {} });
    expect(define).toThrow(expect.objectContaining({ code: 'definition' }));
    expect(define).toThrow('actor "order": state "order.paying" uses invoke, which a replay of the journal could not repeat');
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
      'order.ask': { actions: emit(({ context }) => ({ type: 'tell', reminders: context.reminders })) },
      'order.discount': {
        actions: assign(({ event }) => {
          if (event.percent > 100) throw new Error('the shop does not pay its customers');
          return {};
        }),
      },
    },
    states: {
      placed: {
        after: { patience: { target: 'reminded', actions: assign({ reminders: ({ context }) => context.reminders + 1 }) } },
      },
      reminded: { on: { 'order.pay': 'packing' } },
      packing: {
        entry: emit(({ context }) => ({ type: 'pack', price: context.price })),
        on: { 'attempt.succeeded': { target: 'sent', actions: assign({ parcel: ({ event }) => event.result }) } },
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
  const pack = defineJob({ type: 'pack', args: z.object({ price: z.number() }), run: ({ args }) => ({ parcel: args.price }) });

  async function opened() {
    const broker: Broker = openSmqpBroker();
    const millrace = await start({ actors: [orders], jobs: [pack] }, { openBroker: () => broker });
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
        properties: { messageId: `${type}-${replies.length}`, type, timestamp: 0, replyTo, headers: { group: 'order-7', to: 'order/main' } },
        body: JSON.stringify(body),
      });
    };
    return { millrace, broker, replies, tell };
  }

  it('is hosted like the built-in ones: states, a named delay, an attempt, a reply, a query', async () => {
    const { millrace, replies, tell } = await opened();
    const { reader } = millrace.client;
    await tell('order.place', { price: 12 });
    await eventually(async () => expect(await reader.state('order-7')).toEqual({ state: 'REMINDED' }));
    await tell('order.ask', {});
    await eventually(() => expect(replies).toEqual([{ ok: true }, { ok: true, reminders: 1 }]));
    await tell('order.pay', { amount: 12 });
    await eventually(async () => expect(await reader.state('order-7')).toEqual({ state: 'SENT' }));
    const events = await collect(reader.events('order-7'));
    expect(events.map(({ type }) => type)).toEqual(['order.place', 'timer.fired', 'order.ask', 'order.pay', 'attempt.succeeded']);
    expect(events.at(-1)?.transitions).toEqual([{ actor: 'order/main', from: 'PACKING', to: 'SENT' }]);
    await eventually(async () => expect(await reader.list()).toMatchObject([{ group: 'order-7', type: 'order of 12', state: 'sent' }]));
  });

  it('that throws at a command refuses it with its own words, and goes on', async () => {
    const { millrace, broker, replies, tell } = await opened();
    await tell('order.place', { price: 12 });
    await eventually(() => expect(replies).toHaveLength(1));
    await tell('order.discount', { percent: 120 });
    await eventually(() => expect(replies[1]).toEqual({ ok: false, code: 'rejected', message: 'the shop does not pay its customers' }));
    await tell('order.discount', { percent: 'all' });
    await eventually(() => expect(replies[2]).toMatchObject({ ok: false, message: expect.stringContaining('percent: ') }));
    expect(await broker.backlog(rejectedQueue)).toBe(2);
    await eventually(async () => expect(await millrace.client.reader.state('order-7')).toEqual({ state: 'REMINDED' }));
  });
});
