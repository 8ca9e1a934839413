/** What every store of snapshots and heads does. `open` gives a fresh, empty store. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Head, Snapshots, StoredSnapshot } from '../../src/ports/snapshots.ts';
import type { Store } from '../../src/ports/store.ts';
import { collect } from './journal.contract.ts';

function snapshot(seq: number, fields: Partial<StoredSnapshot> = {}): StoredSnapshot {
  const state = `{"seq":${seq},"__proto__":{"ü.$":[[]]}}`;
  return {
    group: 'g',
    seq,
    at: 1767600000000,
    versions: { job: 1, chain: 2 },
    hash: `h${seq}`,
    state,
    ...fields,
  };
}

function head(group: string, seq: number, fields: Partial<Head> = {}): Head {
  const times = { createdAt: 1767600000000, updatedAt: 1767600000001 };
  return {
    group,
    partition: 3,
    type: 'job',
    state: 'running',
    seq,
    snapshot: 0,
    active: true,
    ...times,
    ...fields,
  };
}

/** Runs the suite. */
export function snapshotsContract(name: string, open: () => Promise<Store>): void {
  describe(`snapshots ${name}`, () => {
    let store: Store;
    let snapshots: Snapshots;

    beforeEach(async () => {
      store = await open();
      snapshots = store.snapshots;
    });

    afterEach(() => store.close());

    it('gives back the newest, or the newest up to a seq', async () => {
      const second = snapshot(20, { parent: 10 });
      await snapshots.put(snapshot(10));
      await snapshots.put(second);
      await snapshots.put(snapshot(99, { group: 'other' }));
      expect(await snapshots.newest('g')).toEqual(second);
      expect(await snapshots.newest('g', 20)).toEqual(second);
      expect(await snapshots.newest('g', 19)).toEqual(snapshot(10));
      expect(await snapshots.newest('g', 9)).toBeUndefined();
      expect(await snapshots.newest('none')).toBeUndefined();
    });

    it('tells up to where groups have snapshots', async () => {
      for (const seq of [10, 1000, 20]) await snapshots.put(snapshot(seq));
      await snapshots.put(snapshot(99, { group: 'g0' }));
      await snapshots.put(snapshot(7, { group: 'other' }));
      const seqs = await snapshots.newestSeqs(['g', 'none', 'g0']);
      expect(Object.fromEntries(seqs)).toEqual({ g: 1000, g0: 99 });
      expect((await snapshots.newestSeqs([])).size).toBe(0);
    });

    it('keeps the first of two with the same seq', async () => {
      await snapshots.put(snapshot(10));
      await snapshots.put(snapshot(10, { state: 'another' }));
      expect(await snapshots.newest('g')).toEqual(snapshot(10));
    });

    it('gives back a head as it was put', async () => {
      const parked = head('g', 1, { parked: 'no machine', active: false, snapshot: 1 });
      await snapshots.putHeads([parked, head('h', 2)]);
      expect(await snapshots.head('g')).toEqual(parked);
      expect(await snapshots.head('h')).toEqual(head('h', 2));
      expect(await snapshots.head('none')).toBeUndefined();
    });

    it('never lets the seq of a head shrink', async () => {
      await snapshots.putHeads([head('g', 5, { state: 'five' })]);
      await snapshots.putHeads([head('g', 4, { state: 'four', active: false })]);
      expect(await snapshots.head('g')).toMatchObject({ seq: 5, state: 'five', active: true });
      await snapshots.putHeads([head('g', 5, { state: 'five again' })]);
      expect(await snapshots.head('g')).toMatchObject({ seq: 5, state: 'five again' });
      await snapshots.putHeads([head('g', 6, { state: 'six' })]);
      expect(await snapshots.head('g')).toMatchObject({ seq: 6, state: 'six' });
    });

    it('finds the active groups of a partition, however many', async () => {
      const many = Array.from({ length: 600 }, (_, index) =>
        head(`g${index}`, 1, { active: index % 2 === 0 }),
      );
      await snapshots.putHeads([...many, head('other', 1, { partition: 4 })]);
      const found = await collect(snapshots.active(3));
      expect(new Set(found.map(({ group }) => group)).size).toBe(300);
      expect(found.every(({ active }) => active)).toBe(true);
      await snapshots.putHeads(many.map((each) => ({ ...each, seq: 2, active: false })));
      expect(await collect(snapshots.active(3))).toEqual([]);
      expect(await collect(snapshots.active(4))).toHaveLength(1);
    });

    it('lists heads, newest first', async () => {
      const list = [2, 9, 4].map((createdAt) => head(`g${createdAt}`, 1, { createdAt }));
      await snapshots.putHeads(list);
      expect((await snapshots.heads(2)).map(({ group }) => group)).toEqual(['g9', 'g4']);
      expect(await snapshots.heads(100)).toHaveLength(3);
    });

    it('finds heads by how their id begins or ends, newest first', async () => {
      const ids = ['ab-1-xy', 'ab-2-yz', 'cb-1-xy', "a'b%_"];
      await snapshots.putHeads(ids.map((id, createdAt) => head(id, 1, { createdAt })));
      const found = async (part: string, limit = 10): Promise<string[]> =>
        (await snapshots.matching(part, limit)).map(({ group }) => group);
      expect(await found('ab-')).toEqual(['ab-2-yz', 'ab-1-xy']);
      expect(await found('-xy')).toEqual(['cb-1-xy', 'ab-1-xy']);
      expect(await found('-xy', 1)).toEqual(['cb-1-xy']);
      expect(await found("a'b%_")).toEqual(["a'b%_"]);
      expect(await found('b-1')).toEqual([]);
      expect(await found('%')).toEqual([]);
      expect(await found('ab-1-xy-and-more')).toEqual([]);
    });
  });
}
