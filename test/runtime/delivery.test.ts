/** The protocol's invariants I1 to I5, seen from between the host and its ports. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Broker } from '../../src/ports/broker.ts';
import type { Entry } from '../../src/ports/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import { DocumentError, TransientError } from '../../src/protocol/errors.ts';
import { exchanges, rejectedQueue } from '../../src/protocol/topology.ts';
import { eventually } from '../kit/eventually.ts';
import { collect, decorate, journalWith, openRig } from '../kit/rig.ts';
import type { Rig } from '../kit/rig.ts';
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

function recorded(deeds: Deed[]): {
  store: (store: Store) => Store;
  broker: (broker: Broker) => Broker;
} {
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
  await Promise.all(
    groups.flatMap((group) => [
      rig.tell(group, 'task.work'),
      rig.tell(group, 'task.poke', { by: 1 }),
    ]),
  );
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
      if (deed.did === 'appended')
        appended = Math.max(appended, ...deed.entries.map(({ offset }) => offset));
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
      store: journalWith((journal) => ({
        checkpoint: (document) => {
          released.push(document.released);
          return journal.checkpoint(document);
        },
      })),
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
      properties: {
        messageId: 'x',
        type: 'task.poke',
        timestamp: 0,
        headers: { group: 'g', to: 'task/main', blob: 'lost' },
      },
      body: '',
    });
    const tooLong = 'headers: to: must be at most 200 bytes';
    expect(await rig.tell('g', 'task.poke', {}, { to: `task/${'x'.repeat(200)}` })).toMatchObject({
      ok: false,
      message: expect.stringContaining(tooLong),
    });
    await eventually(() =>
      expect(rejected.map(({ reason }) => reason)).toEqual([
        expect.stringContaining('does not exist'),
        expect.stringContaining('lost'),
        expect.stringContaining(tooLong),
      ]),
    );
    expect(await rig.tell('g', 'task.create')).toEqual({ ok: true });
    expect(await rig.entries('g')).toHaveLength(1);
    await rig.stop();
  });

  it('sends what no queue takes to rejected, and goes on', async () => {
    const rig = await openRig({ actors, folder });
    const rejected = await rig.collected(rejectedQueue);
    await rig.tell('g', 'task.create');
    expect(await rig.tell('g', 'task.shout')).toEqual({ ok: true });
    await eventually(() =>
      expect(rejected).toMatchObject([
        { reason: 'no queue is bound to /test.world', body: { count: 0 } },
      ]),
    );
    await rig.stop();
  });
});

describe('an append', () => {
  it('that fails is made again identically, its outcome unknown or not, and nothing is lost', async () => {
    const tried: (readonly Entry[])[] = [];
    const rig = await openRig({
      actors,
      folder,
      store: journalWith((journal) => ({
        append: async (entries) => {
          if (entries[0]?.type === 'partition.claim') return journal.append(entries);
          tried.push(entries);
          if (tried.length === 1) throw new TransientError('disk full');
          const outcome = await journal.append(entries);
          if (tried.length === 2) throw new TransientError('the answer was lost');
          return outcome;
        },
      })),
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
      store: journalWith((journal) => ({
        append: async (entries) => {
          const index = entries.findIndex(({ body }) => body?.includes('too large') === true);
          if (index < 0) return journal.append(entries);
          if (index > 0) await journal.append(entries.slice(0, index));
          throw new DocumentError(index, 'this entry is too large');
        },
      })),
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
    expect((await rig.entries('g')).map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'task.create'],
      [2, 'task.poke'],
      [3, 'task.poke'],
    ]);
    await eventually(() =>
      expect(rejected).toMatchObject([{ type: 'task.work', reason: 'this entry is too large' }]),
    );
    await rig.stop();
  });
});
