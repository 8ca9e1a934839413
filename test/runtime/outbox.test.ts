/** Messages between groups over a real store and broker, some of which the broker is made to lose. */
import { describe, expect, it } from 'vitest';
import type { Broker, Publication } from '../../src/ports/broker.ts';
import { partitionOf, rejectedQueue } from '../../src/protocol/topology.ts';
import { freezeObligations, thawObligations } from '../../src/runtime/frozen.ts';
import type { Group } from '../../src/runtime/group.ts';
import { messagesTo, noObligations, owe, owedNow } from '../../src/runtime/obligations.ts';
import { owesNothing } from '../../src/runtime/obligations.ts';
import type { OutboxRow } from '../../src/runtime/outbox.ts';
import { settlePosted, standingOf, taking } from '../../src/runtime/outbox.ts';
import { verifyGroup } from '../../src/runtime/replay.ts';
import { eventually } from '../kit/eventually.ts';
import { peerActor, peerIn } from '../kit/peerActor.ts';
import { openRig } from '../kit/rig.ts';
import type { Rig } from '../kit/rig.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { answered, command, Story } from './pure.ts';

const main = { to: 'peer/main' };

/** Loses what it is told to, and remembers what was published between groups. */
class Lossy {
  readonly types: string[] = [];
  #lost: (publication: Publication) => boolean = () => false;

  lose(isLost: (publication: Publication) => boolean): void {
    this.#lost = isLost;
  }

  readonly over = (broker: Broker): Broker => ({
    isRemote: broker.isRemote,
    declare: (topology) => broker.declare(topology),
    consume: (queue, options) => broker.consume(queue, options),
    inspect: (queue) => broker.inspect(queue),
    watch: (listener) => broker.watch(listener),
    close: () => broker.close(),
    publish: async (publication) => {
      if (publication.properties.headers?.['from'] !== undefined) {
        this.types.push(publication.properties.type);
        if (this.#lost(publication)) return 'confirmed';
      }
      return broker.publish(publication);
    },
  });
}

async function opened(folder: string, lossy = new Lossy()): Promise<Rig> {
  const rig = await openRig({ actors: [peerActor], folder, partitions: 3, broker: lossy.over });
  for (const id of ['a', 'b', 'c']) await rig.tell(id, 'peer.start', {}, main);
  return rig;
}

const send = (rig: Rig, from: string, to: string, isOdd = false) =>
  rig.tell(from, 'peer.send', { to, isOdd }, main);

const groupIn = async (rig: Rig, id: string): Promise<Group> => (await rig.host.group(id)).group;
const gotBy = async (rig: Rig, id: string) => peerIn(await groupIn(rig, id)).got.map(({ n }) => n);
const untilPaid = (rig: Rig, id: string) =>
  eventually(async () => expect(owesNothing((await groupIn(rig, id)).obligations)).toBe(true));

describe('a message to another group', () => {
  it('arrives, says who sent it, and is owed until it is journaled there', async () => {
    const rig = await opened(tempFolder());
    await send(rig, 'a', 'b');
    await untilPaid(rig, 'a');
    expect(peerIn(await groupIn(rig, 'b')).got).toEqual([{ from: 'a/peer/main', n: 1 }]);
    const [, , entry] = await rig.entries('a');
    expect(entry).toMatchObject({ type: 'outbox.journaled', body: '{"by":"b","upTo":"2/1"}' });
    await rig.stop();
  });

  it('by the full address of one’s own group stays inside', async () => {
    const lossy = new Lossy();
    const rig = await opened(tempFolder(), lossy);
    await send(rig, 'a', 'a');
    expect(peerIn(await groupIn(rig, 'a')).got).toEqual([{ from: 'peer/main', n: 1 }]);
    expect(lossy.types).toEqual([]);
    await rig.stop();
  });

  it('that is lost is sent again after 30 s, then after twice as long', async () => {
    const lossy = new Lossy();
    const rig = await opened(tempFolder(), lossy);
    lossy.lose(({ properties }) => properties.type === 'peer.note');
    await send(rig, 'a', 'b');
    const sent = (): number => lossy.types.filter((type) => type === 'peer.note').length;
    await eventually(() => expect(sent()).toBe(1));
    rig.clock.advance(30_000);
    await eventually(() => expect(sent()).toBe(2));
    await eventually(() => expect(rig.clock.pending).toBeGreaterThan(3));
    rig.clock.advance(59_999);
    lossy.lose(() => false);
    expect(sent()).toBe(2);
    rig.clock.advance(1);
    await untilPaid(rig, 'a');
    expect(await gotBy(rig, 'b')).toEqual([1]);
    await rig.stop();
  });

  it('that comes before the one that it follows is asked for, and both are taken in order', async () => {
    const lossy = new Lossy();
    const rig = await opened(tempFolder(), lossy);
    let lost = 0;
    lossy.lose(({ properties }) => properties.type === 'peer.note' && (lost += 1) === 1);
    await send(rig, 'a', 'b');
    await send(rig, 'a', 'b');
    await untilPaid(rig, 'a');
    expect(await gotBy(rig, 'b')).toEqual([1, 2]);
    expect(lossy.types).toContain('outbox.ask');
    await rig.stop();
  });

  it('is acknowledged once for all of a batch', async () => {
    const lossy = new Lossy();
    const rig = await opened(tempFolder(), lossy);
    await Promise.all(Array.from({ length: 50 }, () => send(rig, 'a', 'b')));
    await untilPaid(rig, 'a');
    expect(await gotBy(rig, 'b')).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    const acks = lossy.types.filter((type) => type === 'outbox.journaled').length;
    expect(acks).toBeLessThan(25);
    await rig.stop();
  });

  it('that can never be taken comes back once, and is set aside with its reason', async () => {
    const folder = tempFolder();
    const rig = await opened(folder);
    const rejected = await rig.collected(rejectedQueue);
    await send(rig, 'a', 'b', true);
    await send(rig, 'a', 'nobody');
    await send(rig, 'a', 'b');
    await untilPaid(rig, 'a');
    await eventually(async () =>
      expect(peerIn(await groupIn(rig, 'a')).back).toEqual(
        expect.arrayContaining(['peer.bomb', 'peer.note']),
      ),
    );
    expect(await gotBy(rig, 'b')).toEqual([3]);
    expect(rejected.map(({ headers }) => headers)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ group: 'b', from: 'a/peer/main', reason: 'boom' }),
        expect.objectContaining({
          group: 'nobody',
          reason: 'request "nobody" does not exist in this store',
        }),
      ]),
    );
    await rig.stop();
    // What was refused once stays refused, though the program would take it now.
    const again = await openRig({ actors: [peerActor], folder, partitions: 3 });
    for (const id of ['a', 'b', 'nobody']) {
      const verified = await verifyGroup(again.runtime, { partition: partitionOf(id, 3), id });
      expect(verified.difference).toBeUndefined();
    }
    expect(peerIn(await groupIn(again, 'a')).back).toHaveLength(2);
    await again.stop();
  });

  it('is sent by whoever owns the group next', async () => {
    const folder = tempFolder();
    const lossy = new Lossy();
    lossy.lose(() => true);
    const rig = await opened(folder, lossy);
    await send(rig, 'a', 'b');
    await send(rig, 'a', 'b');
    await rig.stop();
    const next = await openRig({ actors: [peerActor], folder, partitions: 3 });
    await untilPaid(next, 'a');
    expect(await gotBy(next, 'b')).toEqual([1, 2]);
    await next.stop();
  });

  it('of a group that ends is still delivered; then its receivers forget it', async () => {
    const lossy = new Lossy();
    const rig = await opened(tempFolder(), lossy);
    lossy.lose(({ properties }) => properties.type === 'peer.note');
    await send(rig, 'a', 'b');
    await rig.tell('a', 'peer.end', {}, main);
    expect(owesNothing((await groupIn(rig, 'a')).obligations)).toBe(false);
    lossy.lose(() => false);
    rig.clock.advance(30_000);
    await untilPaid(rig, 'a');
    await eventually(async () => {
      const { inbox } = (await groupIn(rig, 'b')).obligations;
      expect([inbox.senders.size, inbox.forgotAt > 0]).toEqual([0, true]);
    });
    expect((await groupIn(rig, 'a')).obligations.outbox.size).toBe(0);
    await rig.stop();
  });
});

const from = (place: string, order: { after?: { seq: number; n: number } } = {}) => ({
  ...command('task.poke', { by: 1 }),
  meta: { from: 's/peer/main', place },
  order: { asOf: 0, ...order },
});

describe('a parked group', () => {
  it('keeps a message of another group once and in order, and tells that group that it did', () => {
    const story = new Story({ throwsAt: 'bad' });
    story.tell(command('task.create'));
    story.tell(command('task.work'));
    story.tell(answered(1, { result: 'bad' }));
    const kept = { verdict: 'parked', notices: [{ kind: 'tell', to: 's' }] };
    expect(story.tell(from('1/1'))).toMatchObject(kept);
    expect(story.tell(from('1/1'))).toMatchObject({ verdict: 'duplicate' });
    expect(story.tell(from('3/1', { after: { seq: 2, n: 1 } }))).toMatchObject({
      verdict: 'answered',
      notices: [{ type: 'outbox.ask' }],
    });
    expect(story.tell(from('2/1', { after: { seq: 1, n: 1 } }))).toMatchObject(kept);
    const right = story.restarted();
    expect(right.tell(command('group.unpark'))).toMatchObject({ verdict: 'accepted' });
    expect(right.count).toBe(2);
    expect(right.tell(from('2/1'))).toMatchObject({ verdict: 'duplicate' });
  });
});

describe('the tables', () => {
  const row = (seq: number): OutboxRow => ({
    ...{ to: 'b/peer/main', from: 'peer/main', type: 'peer.note', body: '{}' },
    ...{ seq, n: 1 },
  });
  const posted = [1, 2, 3].reduce(
    (held, seq) => owe(held, { kind: 'message', row: row(seq) })[0],
    noObligations,
  );

  it('owe messages in order, each with the one before it that may be on its way', () => {
    expect(owedNow(posted)).toEqual([
      { kind: 'message', row: row(1) },
      { kind: 'message', row: row(2), after: { seq: 1, n: 1 } },
      { kind: 'message', row: row(3), after: { seq: 2, n: 1 } },
    ]);
    const outbox = settlePosted(posted.outbox, 'b', { seq: 2, n: 1 });
    if (outbox === 'duplicate') throw new Error('two were settled');
    const left = { ...posted, outbox };
    expect(messagesTo(left, 'b', 7)).toEqual([{ kind: 'message', row: row(3), asOf: 7 }]);
    expect(settlePosted(outbox, 'b', { seq: 2, n: 1 })).toBe('duplicate');
  });

  it('take a forgotten sender’s message only if it was owed after it was forgotten', () => {
    const sent = { sender: 's', place: { seq: 4, n: 1 }, isForget: false, asOf: 0 };
    const known = taking(noObligations.inbox, sent, 10);
    const forgotten = taking(known, { ...sent, place: { seq: 5, n: 1 }, isForget: true }, 11);
    expect(standingOf(known, sent)).toBe('taken');
    expect(standingOf(forgotten, sent)).toBe('early');
    expect(standingOf(forgotten, { ...sent, asOf: 10 })).toBe('early');
    expect(standingOf(forgotten, { ...sent, asOf: 11 })).toBe('next');
  });

  it('survive a snapshot; one from before there were such tables has nothing in them', () => {
    const sent = { sender: 's', place: { seq: 4, n: 1 }, isForget: false, asOf: 0 };
    const held = { ...posted, inbox: taking({ ...posted.inbox, forgotAt: 3 }, sent, 10) };
    const text = JSON.stringify(freezeObligations(held));
    expect(thawObligations(JSON.parse(text) as never)).toEqual(held);
    const old = { attempts: [], timers: [], commands: [] };
    expect(thawObligations(old)).toEqual(noObligations);
    expect(freezeObligations(noObligations)).toEqual(old);
  });
});
