/** Many hosts over one broker and one store: who owns what, when one joins, leaves, dies, freezes or is too old. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../src/ports/journal.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import { Cluster, turns } from '../kit/cluster.ts';
import { collect, journalWith } from '../kit/rig.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const actors = [taskActor()];
let cluster: Cluster;

beforeEach(() => {
  cluster = new Cluster({ actors, folder: tempFolder(), partitions: 8 });
});

afterEach(async () => {
  await cluster.stop();
});

/** Offsets without a gap, and all entries between two claims by the owner that made the first of them. */
async function expectWhole(partition: number): Promise<void> {
  const entries = await collect(cluster.store.journal.read(partition, 0));
  expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, n) => n + 1));
  let token = '';
  for (const entry of entries) {
    if (entry.group === undefined) ({ token } = entry);
    expect(entry.token).toBe(token);
  }
}

describe('a host', () => {
  it('that is subscribed owns nothing until somebody tells it', async () => {
    const first = await cluster.join();
    expect(first.owned()).toEqual([]);
    await cluster.tell('g', 'task.create');
    await cluster.until(() => first.owned().length > 0);
    expect(first.owned()).toEqual([cluster.partitionOf('g')]);
  });

  it('wakes partitions that nobody owns after 1.5 s, and no sooner', async () => {
    const first = await cluster.join();
    await cluster.pass(1400);
    expect(first.owned()).toEqual([]);
    await cluster.pass(1100);
    expect(first.owned()).toHaveLength(8);
  });

  it('that stands by costs the owner nothing and takes nothing', async () => {
    const first = await cluster.join();
    await cluster.until(() => first.owned().length === 8);
    const second = await cluster.join();
    await cluster.pass(3000);
    expect(second.owned()).toEqual([]);
    expect(first.owned()).toHaveLength(8);
  });
});

describe('balance', () => {
  it('comes within 10 s of a host that joins, and then nothing moves', async () => {
    const first = await cluster.join();
    await cluster.until(() => first.owned().length === 8);
    const second = await cluster.join();
    await cluster.pass(10_000);
    expect(first.owned()).toHaveLength(4);
    expect(second.owned()).toHaveLength(4);
    const before = first.owned();
    await cluster.pass(20_000);
    expect(first.owned()).toEqual(before);
  });

  it('is within one with four hosts, two of which came later', async () => {
    const hosts = [await cluster.join(), await cluster.join()];
    await cluster.pass(12_000);
    hosts.push(await cluster.join(), await cluster.join());
    await cluster.pass(10_000);
    expect(hosts.map((host) => host.owned().length)).toEqual([2, 2, 2, 2]);
    for (let partition = 0; partition < 8; partition += 1) await expectWhole(partition);
  });

  it('leaves a host that drains out, and it is gone without a rest', async () => {
    const first = await cluster.join();
    const second = await cluster.join();
    await cluster.pass(12_000);
    await cluster.tell('g', 'task.create');
    await cluster.pass(500);
    await Promise.all([first.host.stop(), cluster.pass(1000)]);
    await cluster.until(() => second.owned().length === 8, 2000);
    await cluster.tell('g', 'task.poke', { by: 1 });
    await cluster.pass(500);
    expect((await cluster.entries('g')).map(({ type }) => type)).toEqual([
      'task.create',
      'task.poke',
    ]);
    expect(await cluster.store.hosts.all()).toHaveLength(1);
  });
});

describe('a host that is killed', () => {
  it('is followed within 3 s, also where its queues are empty and a timer is pending', async () => {
    const first = await cluster.join();
    await cluster.until(() => first.owned().length === 8);
    const second = await cluster.join();
    await cluster.tell('g', 'task.create');
    await cluster.tell('g', 'task.alarm', { afterMs: 3500 });
    await cluster.pass(500);
    await first.kill();
    await cluster.until(() => second.owned().length === 8, 3000);
    await cluster.pass(3000);
    expect((await cluster.entries('g')).map(({ type }) => type)).toEqual([
      'task.create',
      'task.alarm',
      'timer.fired',
    ]);
  });
});

describe('a host that was frozen while another took over', () => {
  it('does no harm when it goes on', async () => {
    const first = await cluster.join();
    await cluster.tell('g', 'task.create');
    await cluster.until(() => first.owned().length === 8);
    const second = await cluster.join();
    first.connection.freeze();
    await cluster.tell('g', 'task.poke', { by: 1 });
    await cluster.tell('g', 'task.poke', { by: 1 });
    await cluster.pass(500, [second]);
    await first.connection.giveUp();
    const others = [second];
    for (let n = 0; n < 40 && second.owned().length < 8; n += 1) await cluster.pass(100, others);
    await cluster.pass(500, others);
    await cluster.tell('g', 'task.alarm', { afterMs: 600_000 });
    await cluster.pass(500, others);
    first.connection.thaw();
    await cluster.pass(400, [first]);
    first.connection.tellLost();
    first.connection.restore();
    await cluster.pass(3000);
    expect((await cluster.entries('g')).map(({ type }) => type)).toEqual([
      'task.create',
      'task.poke',
      'task.poke',
      'task.alarm',
    ]);
    await expectWhole(cluster.partitionOf('g'));
    expect(first.log.join('')).toContain('partition lost');
  });
});

describe('a host that has not heard that its partition is lost', () => {
  it('lets the timers be that the new owner has set', async () => {
    const first = await cluster.join();
    await cluster.tell('g', 'task.create');
    await cluster.tell('g', 'task.alarm', { afterMs: 10_000_000 });
    await cluster.until(() => first.owned().length === 8);
    const second = await cluster.join();
    first.connection.freeze();
    await first.connection.giveUp();
    const others = [second];
    await cluster.tell('g', 'task.alarm', { afterMs: 200_000 });
    for (let n = 0; n < 40 && second.owned().length < 8; n += 1) await cluster.pass(100, others);
    await cluster.pass(500, others);
    // It finds the timer in the index, and it goes off here too.
    first.clock.advance(61_000);
    await turns();
    first.clock.advance(200_000);
    await turns();
    const rows = await cluster.store.timers.due(cluster.partitionOf('g'), Infinity);
    expect(rows.map(({ seq }) => seq)).toContain(3);
    await first.kill();
  });
});

describe('a claim', () => {
  it('whose outcome is unknown is made again as the same document at the same place', async () => {
    const claims: Entry[] = [];
    let failures = 2;
    const first = await cluster.join({
      store: journalWith((journal) => ({
        append: async (entries) => {
          const [entry] = entries;
          if (entry?.type !== 'partition.claim') return journal.append(entries);
          claims.push(entry);
          // Written, then not written, and both times nobody knows.
          if (failures === 2) await journal.append(entries);
          if (failures > 0) {
            failures -= 1;
            throw new TransientError('no answer');
          }
          return journal.append(entries);
        },
      })),
    });
    await cluster.tell('g', 'task.create');
    await cluster.until(() => first.owned().length === 1);
    expect(claims).toHaveLength(3);
    expect(new Set(claims.map((claim) => JSON.stringify(claim))).size).toBe(1);
    await cluster.pass(500);
    await expectWhole(cluster.partitionOf('g'));
    expect(await cluster.entries('g')).toHaveLength(1);
  });

  it('that lands after its host gave up leaves the journal whole, and is fenced', async () => {
    let land: (() => Promise<unknown>) | undefined;
    const late = await cluster.join({
      store: journalWith((journal) => ({
        append: (entries) => {
          if (land !== undefined) return journal.append(entries);
          land = () => journal.append(entries);
          return new Promise(() => undefined);
        },
      })),
    });
    await cluster.tell('g', 'task.create');
    await cluster.until(() => land !== undefined);
    const other = await cluster.join();
    await late.kill();
    await cluster.until(() => other.owned().includes(cluster.partitionOf('g')));
    await land?.();
    await cluster.tell('g', 'task.poke', { by: 1 });
    await cluster.pass(500);
    await expectWhole(cluster.partitionOf('g'));
    expect((await cluster.entries('g')).map(({ type }) => type)).toEqual([
      'task.create',
      'task.poke',
    ]);
  });
});

describe('entries that land after their owner gave up', () => {
  it('do not stand beside those of the next owner', async () => {
    let land: (() => Promise<unknown>) | undefined;
    let isHeld = false;
    const late = await cluster.join({
      store: journalWith((journal) => ({
        append: (entries) => {
          if (!isHeld) return journal.append(entries);
          land ??= () => journal.append(entries);
          return new Promise(() => undefined);
        },
      })),
    });
    await cluster.tell('g', 'task.create');
    await cluster.until(async () => (await cluster.entries('g')).length === 1);
    isHeld = true;
    await cluster.tell('g', 'task.poke', { by: 1 });
    await cluster.tell('g', 'task.poke', { by: 2 });
    await cluster.until(() => land !== undefined);
    const other = await cluster.join();
    await late.kill();
    await cluster.until(async () => (await cluster.entries('g')).length === 3);
    expect(other.owned()).toContain(cluster.partitionOf('g'));
    expect(await land?.()).toMatchObject({ outcome: 'duplicate' });
    await expectWhole(cluster.partitionOf('g'));
    expect(await cluster.entries('g')).toHaveLength(3);
  });
});

describe('a host of an older program', () => {
  it('leaves a partition alone that a newer one has owned, before it claims it, and says so', async () => {
    const newer = await cluster.join({ actors: [taskActor({ version: 2 })] });
    await cluster.tell('g', 'task.create');
    await cluster.until(() => newer.owned().length === 8);
    await newer.host.stop();
    const older = await cluster.join();
    await cluster.until(() => older.host.partitions.every((state) => state === 'refused'));
    expect(older.log.join('')).toContain(
      'was owned by a program with \\"task\\" of version 2; this one has 1: upgrade it',
    );
    const entries = await collect(cluster.store.journal.read(cluster.partitionOf('g'), 0));
    expect(entries.filter(({ type }) => type === 'partition.claim')).toHaveLength(1);
    const again = await cluster.join({ actors: [taskActor({ version: 2 })] });
    await cluster.until(() => again.owned().length === 8);
  });
});
