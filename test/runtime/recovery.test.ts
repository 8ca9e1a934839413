/** What a restart, a full queue, a parked group and a failing checkpoint leave to be done, and that it is done. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Broker } from '../../src/ports/broker.ts';
import type { Entry } from '../../src/ports/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import { exchanges, jobQueue, jobTopology } from '../../src/protocol/topology.ts';
import { eventually } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { decorate, journalWith, openRig, the, unacked } from '../kit/rig.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const actors = [taskActor()];
let folder: string;

beforeEach(() => {
  folder = tempFolder();
});

describe('after a kill', () => {
  /** Nothing lazy is stored and no start leaves: what a SIGKILL between commit and release leaves behind. */
  const dying = {
    store: (store: Store): Store => {
      const done = (): Promise<void> => Promise.resolve();
      return decorate(store, {
        journal: decorate(store.journal, { checkpoint: done }),
        snapshots: decorate(store.snapshots, { put: done, putHeads: done }),
        timers: decorate(store.timers, { put: done, remove: done }),
      });
    },
    broker: (broker: Broker): Broker =>
      decorate(broker, {
        publish: (publication) =>
          publication.exchange === exchanges.jobs ||
          publication.properties.messageId.startsWith('told/')
            ? Promise.resolve('confirmed')
            : broker.publish(publication),
      }),
  };

  it('what was committed and not released is released by the next host', async () => {
    const killed = await openRig({ actors, folder, ...dying });
    await killed.tell('g', 'task.create');
    await killed.tell('g', 'task.work');
    await killed.stop();
    const rig = await openRig({ actors, folder });
    const starts = await rig.starts('work');
    await eventually(() =>
      expect(starts).toMatchObject([{ startId: 'g/task/main/attempt/1', attempt: 1 }]),
    );
    await rig.answer(the(starts[0]), 'attempt.succeeded', { result: 1 });
    await rig.tell('g', 'task.poke', { by: 1 });
    expect((await rig.host.group('g')).group.obligations.attempts.size).toBe(0);
    await rig.stop();
  });

  it('a group that could not be followed, and now can, is sent what it owes when unpark is tried', async () => {
    const killed = await openRig({ actors, folder, ...dying });
    await killed.tell('g', 'task.create');
    await killed.tell('g', 'task.work');
    await killed.stop();
    let isDamaged = true;
    async function* damaged(entries: AsyncIterable<Entry>): AsyncGenerator<Entry> {
      for await (const entry of entries) yield isDamaged ? { ...entry, transitions: [] } : entry;
    }
    const rig = await openRig({
      actors,
      folder,
      store: journalWith((journal) => ({
        readGroup: (...place) => damaged(journal.readGroup(...place)),
        read: (...place) => damaged(journal.read(...place)),
      })),
    });
    const starts = await rig.starts('work');
    expect((await rig.host.group('g')).parked).toContain('replays differently');
    isDamaged = false;
    expect(await rig.tell('g', 'group.unpark')).toMatchObject({ ok: false, code: 'state' });
    await eventually(() => expect(starts).toHaveLength(1));
    expect((await rig.host.group('g')).parked).toBeUndefined();
    await rig.stop();
  });

  it('a group whose entries are all unreleased is recovered without asking the store for it', async () => {
    const killed = await openRig({ actors, folder, ...dying });
    for (const group of ['g', 'h']) {
      await killed.tell(group, 'task.create');
      await killed.tell(group, 'task.work');
    }
    await killed.stop();
    const asked: string[] = [];
    const rig = await openRig({
      actors,
      folder,
      store: journalWith((journal) => ({
        readGroup: (partition, group, after) => {
          asked.push(group);
          return journal.readGroup(partition, group, after);
        },
      })),
    });
    const starts = await rig.starts('work');
    await eventually(() => expect(starts).toHaveLength(2));
    expect(asked).not.toContain('g');
    await rig.stop();
  });

  it('timers fire all the same, once, also those that fell due meanwhile', async () => {
    const clock = new FakeClock();
    const killed = await openRig({ actors, folder, clock, ...dying });
    await killed.tell('g', 'task.create');
    await killed.tell('g', 'task.alarm', { afterMs: 60_000 });
    await killed.stop();
    const later = new FakeClock(clock.now() + 3_600_000);
    const rig = await openRig({ actors, folder, clock: later });
    later.advance(0);
    await eventually(async () => expect(await rig.entries('g')).toHaveLength(3));
    await rig.stop();
    const again = await openRig({ actors, folder, clock: later });
    later.advance(600_000);
    expect(await again.tell('g', 'task.poke', { by: 1 })).toMatchObject({ count: 101 });
    expect((await again.entries('g')).map(({ type }) => type)).toEqual([
      'task.create',
      'task.alarm',
      'timer.fired',
      'task.poke',
    ]);
    await again.stop();
  });

  it('time does not run backwards in a partition, though the clock was set back', async () => {
    const clock = new FakeClock();
    const first = await openRig({ actors, folder, clock });
    await first.tell('g', 'task.create');
    await first.stop();
    const rig = await openRig({ actors, folder, clock: new FakeClock(clock.now() - 3_600_000) });
    await rig.tell('g', 'task.poke', { by: 1 });
    const [created, poked] = await rig.entries('g');
    expect(poked?.at).toBeGreaterThanOrEqual(created?.at ?? Infinity);
    await rig.stop();
  });
});

describe('a start whose queue is full', () => {
  it('joins `owing`, holds nothing up, and is sent when there is room', async () => {
    const owing: (readonly string[])[] = [];
    const rig = await openRig({
      actors,
      folder,
      store: journalWith((journal) => ({
        checkpoint: (document) => {
          owing.push(document.owing);
          return journal.checkpoint(document);
        },
      })),
    });
    await rig.broker.declare(jobTopology('work'));
    const filler = (n: number) => ({
      ...{ exchange: exchanges.jobs, routingKey: 'work', body: '{"filler":true}' },
      properties: { messageId: `${n}`, type: 'filler', timestamp: 0 },
    });
    for (let n = 0; n < 1000; n += 1) await rig.broker.publish(filler(n));
    await rig.tell('g', 'task.create');
    expect(await rig.tell('g', 'task.work')).toEqual({ ok: true });
    rig.clock.advance(200);
    await eventually(() => expect(owing.at(-1)).toEqual(['g']));
    const bodies: string[] = [];
    await rig.broker.consume(jobQueue('work'), {
      prefetch: unacked,
      onClosed: () => undefined,
      onDelivery: ({ body }) => void bodies.push(body),
    });
    await eventually(() => expect(bodies).toHaveLength(1000));
    rig.clock.advance(30_000);
    await eventually(() => expect(bodies.at(-1)).toContain('g/task/main/attempt/1'));
    await rig.tell('g', 'task.poke', { by: 1 });
    await eventually(() => {
      rig.clock.advance(200);
      expect(owing.at(-1)).toEqual([]);
    });
    await rig.stop();
  });

  it('is sent by the next host when this one has gone', async () => {
    const rig = await openRig({
      actors,
      folder,
      broker: (broker) =>
        decorate(broker, {
          publish: (publication) =>
            publication.exchange === exchanges.jobs
              ? Promise.resolve('returned')
              : broker.publish(publication),
        }),
    });
    await rig.tell('g', 'task.create');
    await rig.tell('g', 'task.work');
    await rig.stop();
    const next = await openRig({ actors, folder });
    const starts = await next.starts('work');
    await eventually(() => expect(starts).toHaveLength(1));
    await next.stop();
  });
});

describe('a group that is parked', () => {
  it('keeps what comes, large bodies too, over a restart; others go on; unpark takes it all', async () => {
    const large = 'x'.repeat(100_000);
    const first = await openRig({ actors: [taskActor({ throwsAt: large })], folder });
    const starts = await first.starts('work');
    await first.tell('g', 'task.create');
    await first.tell('g', 'task.work');
    await eventually(() => expect(starts).toHaveLength(1));
    await first.answer(the(starts[0]), 'attempt.succeeded', { result: large });
    expect(await first.tell('g', 'task.poke', { by: 1 })).toMatchObject({
      ok: false,
      code: 'parked',
    });
    expect(await first.tell('h', 'task.create')).toEqual({ ok: true });
    expect(await first.tell('g', 'group.unpark')).toMatchObject({ ok: false, code: 'state' });
    await first.stop();
    const fixed = await openRig({ actors, folder });
    expect((await fixed.host.group('g')).parked).toContain('cannot take it');
    expect(await fixed.tell('g', 'group.unpark')).toEqual({ ok: true, stepped: 2, skipped: 0 });
    const { group } = await fixed.host.group('g');
    expect(group.actors.get('task/main')?.context).toMatchObject({ count: 1, results: [large] });
    await fixed.stop();
    const again = await openRig({ actors, folder });
    const resident = await again.host.group('g');
    expect(resident.parked).toBeUndefined();
    expect(resident.group.actors.get('task/main')?.context).toMatchObject({
      count: 1,
      results: [large],
    });
    await again.stop();
  });

  it('because its machine was changed is broken, is named with the entry, and the others go on', async () => {
    const first = await openRig({ actors, folder });
    const starts = await first.starts('work');
    await first.tell('g', 'task.create');
    await first.tell('h', 'task.create');
    await first.tell('g', 'task.work');
    await eventually(() => expect(starts).toHaveLength(1));
    await first.answer(the(starts[0]), 'attempt.succeeded');
    await first.tell('h', 'task.work');
    await first.stop();
    const changed = await openRig({ actors: [taskActor({ after: 'idle' })], folder });
    expect((await changed.host.group('g')).parked).toContain(
      'entry 3 (attempt.succeeded) replays differently',
    );
    expect(await changed.tell('g', 'task.poke', { by: 1 })).toMatchObject({ code: 'parked' });
    expect(await changed.tell('h', 'task.poke', { by: 1 })).toMatchObject({ count: 1 });
    await changed.stop();
    const back = await openRig({ actors, folder });
    expect(await back.tell('g', 'group.unpark')).toMatchObject({ ok: true, stepped: 1 });
    expect(await back.tell('g', 'task.poke', { by: 1 })).toMatchObject({ count: 2 });
    await back.stop();
  });
});

it('a checkpoint that fails is made again, with its snapshots and their chunks', async () => {
  let failures = 2;
  const rig = await openRig({
    actors,
    folder,
    store: journalWith((journal) => ({
      checkpoint: (document) => {
        failures -= 1;
        return failures >= 0
          ? Promise.reject(new TransientError('busy'))
          : journal.checkpoint(document);
      },
    })),
  });
  await rig.tell('g', 'task.create');
  await eventually(async () => {
    rig.clock.advance(200);
    expect((await rig.runtime.store.journal.partition(0))?.released).toBe(2);
  });
  expect(await rig.runtime.store.snapshots.newest('g')).toMatchObject({ seq: 1 });
  expect(rig.log.join('')).toContain('checkpoint failed; trying again');
  expect(await rig.tell('g', 'task.poke', { by: 1 })).toMatchObject({ count: 1 });
  await rig.stop();
});
