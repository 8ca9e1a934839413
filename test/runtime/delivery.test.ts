/** The protocol's invariants I1 to I5, seen from between the host and its ports. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Broker } from '../../src/ports/broker.ts';
import type { Entry } from '../../src/ports/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import { DocumentError, FencedError, TransientError } from '../../src/protocol/errors.ts';
import { baseTopology, exchanges, jobQueue, jobTopology, rejectedQueue } from '../../src/protocol/topology.ts';
import { append } from '../../src/runtime/commit.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { own } from '../../src/runtime/ownership.ts';
import { eventually } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { collect, createRuntime, decorate, openRig, openStore, the, unacked } from '../kit/rig.ts';
import type { Rig } from '../kit/rig.ts';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const actors = [taskActor()];
let folder: string;

beforeEach(() => {
  folder = tempFolder();
});

/** What the host did at its ports, in order. */
type Deed =
  | { did: 'append'; entries: readonly Entry[] }
  | { did: 'appended'; entries: readonly Entry[] }
  | { did: 'publish'; type: string; id: string; exchange: string }
  | { did: 'ack'; upTo: number }
  | { did: 'snapshot'; group: string; seq: number }
  | { did: 'checkpoint'; released: number };

function recorded(deeds: Deed[]): { store: (store: Store) => Store; broker: (broker: Broker) => Broker } {
  return {
    store: (store) =>
      decorate(store, {
        journal: decorate(store.journal, {
          append: async (entries) => {
            deeds.push({ did: 'append', entries });
            const outcome = await store.journal.append(entries);
            deeds.push({ did: 'appended', entries });
            return outcome;
          },
          checkpoint: (document) => {
            deeds.push({ did: 'checkpoint', released: document.released });
            return store.journal.checkpoint(document);
          },
        }),
        snapshots: decorate(store.snapshots, {
          put: (snapshot) => {
            deeds.push({ did: 'snapshot', group: snapshot.group, seq: snapshot.seq });
            return store.snapshots.put(snapshot);
          },
        }),
      }),
    broker: (broker) =>
      decorate(broker, {
        publish: (publication) => {
          const { type, messageId } = publication.properties;
          deeds.push({ did: 'publish', type, id: messageId, exchange: publication.exchange });
          return broker.publish(publication);
        },
        consume: async (queue, options) => {
          const channel = await broker.consume(queue, options);
          return decorate(channel, {
            ackUpTo: (tag) => {
              deeds.push({ did: 'ack', upTo: tag });
              channel.ackUpTo(tag);
            },
          });
        },
      }),
  };
}

async function aBusyDay(rig: Rig): Promise<void> {
  const starts = await rig.starts('work');
  const groups = Array.from({ length: 20 }, (_, n) => `g${n}`);
  await Promise.all(groups.map((group) => rig.tell(group, 'task.create')));
  await Promise.all(groups.flatMap((group) => [rig.tell(group, 'task.work'), rig.tell(group, 'task.poke', { by: 1 })]));
  await eventually(() => expect(starts).toHaveLength(20));
  await Promise.all(starts.map((start) => rig.answer(start, 'attempt.succeeded', { result: 1 })));
  await Promise.all(groups.map((group) => rig.tell(group, 'task.poke', { by: 1 })));
  rig.clock.advance(60_000);
  await eventually(async () => expect(await napping(rig, groups)).toBe(0));
}

async function napping(rig: Rig, groups: readonly string[]): Promise<number> {
  const residents = await Promise.all(groups.map((group) => rig.host.group(group)));
  return residents.filter(({ group }) => group.actors.get('task/main')?.value === 'napping').length;
}

describe('a host at work', () => {
  it('keeps its journal dense, under one token from claim to claim (I1)', async () => {
    const first = await openRig({ actors, folder });
    await aBusyDay(first);
    await first.stop();
    const rig = await openRig({ actors, folder });
    await rig.tell('g0', 'task.poke', { by: 1 });
    const entries = await collect(rig.runtime.store.journal.read(0, 0));
    await rig.stop();
    expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, n) => n + 1));
    const claims = entries.filter(({ type }) => type === 'partition.claim');
    expect(claims).toHaveLength(2);
    let token = '';
    for (const entry of entries) {
      if (entry.type === 'partition.claim') token = entry.token;
      expect(entry.token).toBe(token);
    }
    const ats = entries.map(({ at }) => at);
    expect(ats).toEqual([...ats].sort((a, b) => a - b));
  });

  it('publishes, acks and snapshots nothing whose entry is not appended (I2), and acks after it has published (I4)', async () => {
    const deeds: Deed[] = [];
    const rig = await openRig({ actors, folder, ...recorded(deeds) });
    await aBusyDay(rig);
    await rig.stop();
    const seqs = new Map<string, number>();
    const published: string[] = [];
    let asked = 0;
    let done = 0;
    for (const deed of deeds) {
      if (deed.did === 'append') asked += deed.entries.length;
      if (deed.did === 'appended') {
        done += deed.entries.length;
        for (const { group, seq } of deed.entries) seqs.set(group ?? '', seq);
      }
      if (deed.did === 'snapshot') expect(deed.seq).toBeLessThanOrEqual(seqs.get(deed.group) ?? 0);
      if (deed.did !== 'publish') continue;
      published.push(deed.id);
      const [group = '', seq = ''] = deed.id.split('/');
      if (deed.type === 'reply') expect(Number(seq)).toBeLessThanOrEqual(seqs.get(group) ?? 0);
      if (deed.type === 'attempt.start') expect(seqs.get(group)).toBeGreaterThanOrEqual(2);
    }
    expect(done).toBe(asked);
    expect(published.filter((id) => id.endsWith('/attempt/1'))).toHaveLength(20);
    // Each ack covers deliveries whose entries are appended; commands and answers alone are delivered.
    const acks = deeds.flatMap((deed) => (deed.did === 'ack' ? [deed.upTo] : []));
    expect(acks).toEqual([...acks].sort((a, b) => a - b));
    expect(acks.at(-1)).toBe(1 + 20 + 40 + 20 + 20);
  });

  it('lets `released` only grow, and never pass what is not released (I3)', async () => {
    const deeds: Deed[] = [];
    const rig = await openRig({ actors, folder, ...recorded(deeds) });
    await aBusyDay(rig);
    rig.clock.advance(200);
    await rig.tell('g0', 'task.poke', { by: 1 });
    await rig.stop();
    let appended = 0;
    let last = 0;
    for (const deed of deeds) {
      if (deed.did === 'appended') appended = Math.max(appended, ...deed.entries.map(({ offset }) => offset));
      if (deed.did !== 'checkpoint') continue;
      expect(deed.released).toBeGreaterThanOrEqual(last);
      expect(deed.released).toBeLessThanOrEqual(appended);
      last = deed.released;
    }
    expect(last).toBe(appended);
  });

  it('does not let `released` pass an entry whose publish has not succeeded, and later batches wait', async () => {
    let isBroken = true;
    const sent: string[] = [];
    const released: number[] = [];
    const rig = await openRig({
      actors,
      folder,
      store: (store) =>
        decorate(store, {
          journal: decorate(store.journal, {
            checkpoint: (document) => {
              released.push(document.released);
              return store.journal.checkpoint(document);
            },
          }),
        }),
      broker: (broker) =>
        decorate(broker, {
          publish: (publication) => {
            const { type, messageId } = publication.properties;
            if (type === 'reply' && isBroken && messageId.startsWith('a/')) {
              return Promise.reject(new TransientError('no broker just now'));
            }
            if (type === 'reply') sent.push(messageId);
            return broker.publish(publication);
          },
        }),
    });
    const first = rig.tell('a', 'task.create');
    await eventually(async () => expect(await rig.entries('a')).toHaveLength(1));
    const second = rig.tell('b', 'task.create');
    await eventually(async () => expect(await rig.entries('b')).toHaveLength(1));
    rig.clock.advance(1000);
    await eventually(() => expect(released).toContain(1));
    expect(sent).toEqual([]);
    expect(Math.max(...released)).toBe(1);
    isBroken = false;
    await eventually(() => {
      rig.clock.advance(10_000);
      expect(sent).toEqual(['a/1/0', 'b/1/0']);
    });
    await Promise.all([first, second]);
    await rig.stop();
    expect(released.at(-1)).toBe(3);
  });

  it('sets what it cannot accept aside with the reason, answers, and acks it (I4)', async () => {
    const rig = await openRig({ actors, folder });
    const rejected = await rig.collected(rejectedQueue);
    expect(await rig.tell('g', 'task.poke', { by: 1 })).toEqual({
      ok: false,
      code: 'not-found',
      message: 'request "g" does not exist in this store',
    });
    await rig.broker.publish({
      exchange: exchanges.partitions,
      routingKey: '00',
      properties: { messageId: 'x', type: 'task.poke', timestamp: 0, headers: { group: 'g', to: 'task/main', blob: 'lost' } },
      body: '',
    });
    await eventually(() => expect(rejected.map(({ reason }) => reason)).toEqual([expect.stringContaining('does not exist'), expect.stringContaining('lost')]));
    expect(await rig.tell('g', 'task.create')).toEqual({ ok: true });
    expect(await rig.entries('g')).toHaveLength(1);
    await rig.stop();
  });

  it('sends what no queue takes to rejected, and goes on', async () => {
    const rig = await openRig({ actors, folder });
    const rejected = await rig.collected(rejectedQueue);
    await rig.tell('g', 'task.create');
    expect(await rig.tell('g', 'task.shout')).toEqual({ ok: true });
    await eventually(() => expect(rejected).toMatchObject([{ reason: 'no queue is bound to /test.world', body: { count: 0 } }]));
    await rig.stop();
  });
});

describe('an append', () => {
  it('that fails is made again identically, its outcome unknown or not, and nothing is lost', async () => {
    const tried: (readonly Entry[])[] = [];
    const rig = await openRig({
      actors,
      folder,
      store: (store) =>
        decorate(store, {
          journal: decorate(store.journal, {
            append: async (entries) => {
              if (entries[0]?.type === 'partition.claim') return store.journal.append(entries);
              tried.push(entries);
              if (tried.length === 1) throw new TransientError('disk full');
              const outcome = await store.journal.append(entries);
              if (tried.length === 2) throw new TransientError('the answer was lost');
              return outcome;
            },
          }),
        }),
    });
    const replied = rig.tell('g', 'task.create');
    await eventually(() => expect(tried).toHaveLength(1));
    expect((await rig.host.group('g')).group.seq).toBe(0);
    await eventually(() => {
      rig.clock.advance(10_000);
      expect(tried).toHaveLength(3);
    });
    expect(await replied).toEqual({ ok: true });
    expect(tried[1]).toEqual(tried[0]);
    expect(tried[2]).toEqual(tried[0]);
    expect(await rig.entries('g')).toHaveLength(1);
    expect(await rig.tell('g', 'task.poke', { by: 1 })).toMatchObject({ count: 1 });
    await rig.stop();
  });

  it('of which one entry cannot be stored refuses that one alone; the rest of the batch goes on', async () => {
    const rig = await openRig({
      actors,
      folder,
      store: (store) =>
        decorate(store, {
          journal: decorate(store.journal, {
            append: async (entries) => {
              const index = entries.findIndex(({ body }) => body?.includes('too large') === true);
              if (index < 0) return store.journal.append(entries);
              if (index > 0) await store.journal.append(entries.slice(0, index));
              throw new DocumentError(index, 'this entry is too large');
            },
          }),
        }),
    });
    const rejected = await rig.collected(rejectedQueue);
    await rig.tell('g', 'task.create');
    const replies = await Promise.all([
      rig.tell('g', 'task.poke', { by: 1 }),
      rig.tell('g', 'task.work', { text: 'too large' }),
      rig.tell('g', 'task.poke', { by: 2 }),
      rig.tell('h', 'task.create'),
    ]);
    expect(replies).toEqual([
      { ok: true, count: 1 },
      { ok: false, code: 'document', message: 'this entry is too large' },
      { ok: true, count: 3 },
      { ok: true },
    ]);
    expect((await rig.entries('g')).map(({ seq, type }) => [seq, type])).toEqual([[1, 'task.create'], [2, 'task.poke'], [3, 'task.poke']]);
    await eventually(() => expect(rejected).toMatchObject([{ type: 'task.work', reason: 'this entry is too large' }]));
    await rig.stop();
  });
});

describe('a partition with two owners', () => {
  async function two() {
    const store = openStore(folder);
    const broker = openSmqpBroker();
    await broker.declare(baseTopology(1));
    const clock = new FakeClock();
    const runtime = () => createRuntime(actors, { store, broker, clock });
    const channel = { ack: () => undefined, ackUpTo: () => undefined, close: () => Promise.resolve() };
    const owned = (mine = runtime()) => own(mine, 0, { channel, mailbox: new Mailbox() });
    return { store, broker, clock, runtime, owned };
  }

  it('belongs to the later one; what the former appends is fenced, and the journal stays right (I5)', async () => {
    const { store, runtime, owned } = await two();
    const former = await owned();
    const later = await owned();
    expect(later.head).toBe(former.head + 1);
    const entry = (token: string, offset: number): Entry => ({
      ...{ partition: 0, offset, token, group: 'g', seq: 1, at: 1 },
      ...{ type: 'task.create', to: 'task/main', body: '{}', transitions: [] },
    });
    await expect(append(runtime(), [entry(former.token, former.head + 1)])).rejects.toThrow(FencedError);
    await append(runtime(), [entry(later.token, later.head + 1)]);
    const entries = await collect(store.journal.read(0, 0));
    expect(entries.map(({ token }) => token)).toEqual([former.token, later.token, later.token]);
    former.timers.stop();
    later.timers.stop();
  });

  it('claimed by both at once has one claim after the other, and one of them knows', async () => {
    const { store, owned } = await two();
    const outcomes = await Promise.allSettled([owned(), owned()]);
    const claims = await collect(store.journal.read(0, 0));
    expect(claims.map(({ offset }) => offset)).toEqual([1, 2]);
    const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(won.map(({ token }) => token)).toContain(claims[1]?.token);
    for (const { timers } of won) timers.stop();
  });

  it('is let go by a host that was fenced, which consumes anew and goes on right', async () => {
    const rig = await openRig({ actors, folder });
    await rig.tell('g', 'task.create');
    const channel = { ack: () => undefined, ackUpTo: () => undefined, close: () => Promise.resolve() };
    const thief = createRuntime(actors, { store: rig.runtime.store, broker: rig.broker, clock: rig.clock });
    const stolen = await own(thief, 0, { channel, mailbox: new Mailbox() });
    const poked = rig.tell('g', 'task.poke', { by: 1 });
    await eventually(() => expect(rig.log.join('')).toContain('partition lost; consuming anew'));
    await eventually(async () => {
      rig.clock.advance(10_000);
      expect((await rig.entries('g')).map(({ type }) => type)).toEqual(['task.create', 'task.poke']);
    });
    expect(await poked).toMatchObject({ count: 1 });
    stolen.timers.stop();
    await rig.stop();
    const store = openStore(folder);
    const entries = await collect(store.journal.read(0, 0));
    expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, n) => n + 1));
    await store.close();
  });

  it('that a newer program has owned is refused', async () => {
    const first = await openRig({ actors: [taskActor({ version: 2 })], folder });
    await first.stop();
    await expect(openRig({ actors, folder })).rejects.toThrow('was owned by a program with "task" of version 2; this one has 1: upgrade it');
  });
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
          publication.exchange === exchanges.jobs || publication.properties.messageId.startsWith('told/')
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
    await eventually(() => expect(starts).toMatchObject([{ startId: 'g/task/main/attempt/1', attempt: 1 }]));
    await rig.answer(the(starts[0]), 'attempt.succeeded', { result: 1 });
    await rig.tell('g', 'task.poke', { by: 1 });
    expect((await rig.host.group('g')).group.obligations.attempts.size).toBe(0);
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
    expect((await again.entries('g')).map(({ type }) => type)).toEqual(['task.create', 'task.alarm', 'timer.fired', 'task.poke']);
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
      store: (store) =>
        decorate(store, {
          journal: decorate(store.journal, {
            checkpoint: (document) => {
              owing.push(document.owing);
              return store.journal.checkpoint(document);
            },
          }),
        }),
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
    rig.clock.advance(200);
    await eventually(() => expect(owing.at(-1)).toEqual([]));
    await rig.stop();
  });

  it('is sent by the next host when this one has gone', async () => {
    const rig = await openRig({ actors, folder, broker: (broker) => decorate(broker, { publish: (publication) => publication.exchange === exchanges.jobs ? Promise.resolve('returned') : broker.publish(publication) }) });
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
    expect(await first.tell('g', 'task.poke', { by: 1 })).toMatchObject({ ok: false, code: 'parked' });
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
    expect(resident.group.actors.get('task/main')?.context).toMatchObject({ count: 1, results: [large] });
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
    expect((await changed.host.group('g')).parked).toContain('entry 3 (attempt.succeeded) replays differently');
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
    store: (store) =>
      decorate(store, {
        journal: decorate(store.journal, {
          checkpoint: (document) => {
            failures -= 1;
            return failures >= 0 ? Promise.reject(new TransientError('busy')) : store.journal.checkpoint(document);
          },
        }),
      }),
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
