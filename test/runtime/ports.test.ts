import { describe, expect, it } from 'vitest';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import type { Publication } from '../../src/ports/broker.ts';
import { jobQueue } from '../../src/protocol/topology.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { Outlet } from '../../src/runtime/outlet.ts';
import type { Waiting } from '../../src/runtime/outlet.ts';
import { PartitionTimers } from '../../src/runtime/timers.ts';
import { eventually } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { decorate, openStore } from '../kit/rig.ts';
import { baseTopology } from '../../src/protocol/topology.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const minute = 60_000;

describe('timers of a partition', () => {
  async function opened() {
    const clock = new FakeClock();
    const store = openStore(tempFolder());
    const mailbox = new Mailbox();
    const timers = new PartitionTimers({ partition: 0, store, clock, mailbox });
    const fired = async (): Promise<unknown[]> => {
      mailbox.close();
      const bodies: unknown[] = [];
      for await (const batch of mailbox.batches(100)) {
        for (const arrival of batch)
          if ('own' in arrival) bodies.push(JSON.parse(arrival.own.body ?? ''));
      }
      return bodies;
    };
    return { clock, store, timers, fired };
  }
  const row = (n: number, due: number) => ({ partition: 0, group: 'g', seq: 1, n, due });

  it('fire once when they are due, in their order, though they were armed twice', async () => {
    const { clock, store, timers, fired } = await opened();
    await store.timers.put([row(1, clock.now() + 2000), row(2, clock.now() + 1000)]);
    await timers.arm();
    timers.hold(row(2, clock.now() + 1000));
    clock.advance(999);
    clock.advance(5000);
    expect(await fired()).toEqual([
      { seq: 1, n: 2 },
      { seq: 1, n: 1 },
    ]);
  });

  it('that are far off are found in the index when they come near', async () => {
    const { clock, store, timers, fired } = await opened();
    const due = clock.now() + 7 * minute;
    await store.timers.put([row(1, due)]);
    timers.hold(row(1, due));
    await timers.arm();
    for (let n = 0; n < 7; n += 1) {
      clock.advance(minute);
      await eventually(() => expect(clock.pending).toBeGreaterThan(0));
    }
    expect(await fired()).toEqual([{ seq: 1, n: 1 }]);
  });

  it('go on being looked for after the index could not be read', async () => {
    const { clock, store, mailbox, firedNow } = await failing();
    await store.timers.put([row(1, clock.now() + 6 * minute)]);
    clock.advance(minute);
    await eventually(() => expect(clock.pending).toBe(1));
    clock.advance(minute);
    await eventually(() => expect(clock.pending).toBe(2));
    clock.advance(5 * minute);
    mailbox.close();
    expect(await firedNow()).toBe(1);
  });

  async function failing() {
    const clock = new FakeClock();
    const store = openStore(tempFolder());
    const mailbox = new Mailbox();
    let asked = 0;
    const breaking = decorate(store, {
      timers: decorate(store.timers, {
        due: async (partition, until) => {
          asked += 1;
          if (asked === 2) throw new Error('busy');
          return store.timers.due(partition, until);
        },
      }),
    });
    const timers = new PartitionTimers({ partition: 0, store: breaking, clock, mailbox });
    await timers.arm();
    const firedNow = async (): Promise<number> => {
      let count = 0;
      for await (const batch of mailbox.batches(100)) count += batch.length;
      return count;
    };
    return { clock, store, mailbox, firedNow };
  }

  it('leave nothing armed when they stop, even if they were being read', async () => {
    const { clock, store, timers, fired } = await opened();
    await store.timers.put([row(1, clock.now() + 2000)]);
    const arming = timers.arm();
    timers.stop();
    await arming;
    timers.hold(row(2, clock.now()));
    expect(clock.pending).toBe(0);
    expect(await fired()).toEqual([]);
  });
});

describe('the outlet', () => {
  const start = (n: number): Publication => ({
    exchange: 'millrace.jobs',
    routingKey: 'work',
    properties: { messageId: `${n}`, type: 'attempt.start', timestamp: 0 },
    body: '{}',
  });

  async function opened() {
    const broker = openSmqpBroker();
    await broker.declare(baseTopology(1));
    const clock = new FakeClock();
    const outlet = new Outlet(broker, clock);
    const send = (n: number): Promise<boolean> => outlet.start('work', start(n));
    return { broker, clock, outlet, send };
  }

  it('declares the queue of a type before its first start', async () => {
    const { broker, send } = await opened();
    expect(await send(1)).toBe(true);
    expect(await broker.inspect(jobQueue('work'))).toMatchObject({ ready: 1 });
  });

  /** A start that waits; `sent` lists those that need wait no more. */
  const waitingAs = (n: number, sent: number[]): Waiting => ({
    message: async () => start(n),
    done: () => void sent.push(n),
  });

  it('sends what found no room in order, as many as were answered once enough were', async () => {
    const { broker, outlet, send } = await opened();
    for (let n = 0; n < 1000; n += 1) await send(n);
    expect(await send(1000)).toBe(false);
    const sent: number[] = [];
    for (let n = 1000; n < 1200; n += 1) outlet.later('work', waitingAs(n, sent));
    for (let n = 0; n < 100; n += 1) await outlet.answered('work', String(n));
    expect(sent).toEqual([]);
    let taken = 0;
    const channel = await broker.consume(jobQueue('work'), {
      prefetch: 150,
      onClosed: () => undefined,
      onDelivery: () => void (taken += 1),
    });
    await eventually(() => expect(taken).toBe(150));
    expect(await send(1200)).toBe(false);
    for (let n = 0; n < 99; n += 1) await outlet.answered('work', String(n));
    expect(sent).toEqual([]);
    await outlet.answered('work', 'one more');
    expect(sent).toEqual(Array.from({ length: 100 }, (_, n) => 1000 + n));
    for (let n = 0; n < 100; n += 1) await outlet.answered('work', String(n));
    expect(sent).toHaveLength(150);
    await channel.close();
  });

  it('forgets a start that is owed no more, and goes on to the next', async () => {
    const { broker, clock, outlet, send } = await opened();
    const sent: number[] = [];
    outlet.later('work', { ...waitingAs(1, sent), message: async () => undefined });
    outlet.later('work', waitingAs(2, sent));
    clock.advance(30_000);
    await eventually(() => expect(sent).toEqual([1, 2]));
    expect(await send(3)).toBe(true);
    expect(await broker.inspect(jobQueue('work'))).toMatchObject({ ready: 2 });
  });

  it('tries again after 30 s though nothing is heard', async () => {
    const { clock, outlet } = await opened();
    const tries: number[] = [];
    const message = (): Promise<Publication> => {
      tries.push(clock.now());
      return tries.length > 1 ? Promise.resolve(start(1)) : Promise.reject(new Error('busy'));
    };
    const sent: number[] = [];
    outlet.later('work', { ...waitingAs(1, sent), message });
    clock.advance(30_000);
    await eventually(() => expect(tries).toHaveLength(1));
    await eventually(() => {
      clock.advance(30_000);
      expect(sent).toEqual([1]);
    });
  });

  it('keeps nothing once it has stopped', async () => {
    const { clock, outlet } = await opened();
    outlet.later('work', waitingAs(1, []));
    outlet.stop();
    outlet.later('work', waitingAs(1, []));
    expect(clock.pending).toBe(0);
  });
});
