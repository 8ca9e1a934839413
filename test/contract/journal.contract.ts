/** What every journal does. `open` gives a fresh, empty store. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry, Journal, PartitionDocument } from '../../src/ports/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import { DocumentError } from '../../src/protocol/errors.ts';

/** An entry with what a test does not care about filled in. */
export function entry(offset: number, fields: Partial<Entry> = {}): Entry {
  const ids = { partition: 3, offset, token: 'owner-1', group: 'g', seq: offset };
  return { ...ids, at: 1767600000000 + offset, type: 'job.start', transitions: [], ...fields };
}

/** All that an iteration gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function claim(offset: number, token: string): Entry {
  const { group: _group, ...rest } = entry(offset, { seq: 0, type: 'partition.claimed', token });
  return rest;
}

const document: PartitionDocument = {
  partition: 3,
  released: 5,
  epoch: 'e',
  versions: { job: 1 },
  owing: [],
};

/** Runs the suite. */
export function journalContract(name: string, open: () => Promise<Store>): void {
  describe(`journal ${name}`, () => {
    let store: Store;
    let journal: Journal;

    beforeEach(async () => {
      store = await open();
      journal = store.journal;
    });

    afterEach(() => store.close());

    async function offsets(partition = 3, after = 0): Promise<number[]> {
      return (await collect(journal.read(partition, after))).map(({ offset }) => offset);
    }

    it('finds the last entry from before a time', async () => {
      const times = [5, 5, 7, 9];
      await journal.append(times.map((at, index) => entry(index + 1, { at })));
      await journal.append([entry(1, { partition: 4, group: 'h', at: 1 })]);
      const found = await Promise.all([5, 6, 7, 8, 10].map((at) => journal.lastBefore(3, at)));
      expect(found).toEqual([0, 2, 2, 3, 4]);
      expect(await journal.lastBefore(5, 10)).toBe(0);
    });

    it('gives back every field of an entry, and no field that it did not have', async () => {
      const full = entry(2, {
        to: 'job/1',
        meta: {
          messageId: 'm',
          from: 'worker',
          correlationId: 'c',
          causationId: 'd',
          replyTo: 'q',
        },
        body: '{"__proto__":{"a":1},"$set":"ü–漢字🚀\\u0000","a.b":[[[1],[]]]}',
        blob: 'abc',
        transitions: [
          { actor: 'chain/1', from: 'running', to: 'complete' },
          { actor: 'job/1-5,9', from: '', to: 'pending' },
        ],
        parked: 'the machine job is newer',
      });
      const entries = [claim(1, 'owner-1'), full, entry(3, { body: '' })];
      expect(await journal.append(entries)).toEqual({ outcome: 'appended' });
      expect(await collect(journal.read(3, 0))).toEqual(entries);
    });

    it('keeps each partition in order, apart from the others', async () => {
      await Promise.all([
        journal.append([entry(1), entry(2)]),
        journal.append([entry(1, { partition: 0, group: 'h' })]),
        journal.append([entry(1, { partition: 15, group: 'i' })]),
      ]);
      await journal.append([entry(3)]);
      expect(await offsets()).toEqual([1, 2, 3]);
      expect(await offsets(3, 2)).toEqual([3]);
      expect(await offsets(0)).toEqual([1]);
      expect(await Promise.all([0, 3, 4, 15].map((each) => journal.head(each)))).toEqual([
        1, 3, 0, 1,
      ]);
    });

    it('refuses to leave a gap', async () => {
      await journal.append([entry(1)]);
      await expect(journal.append([entry(3)])).rejects.toBeInstanceOf(DocumentError);
      await expect(journal.append([entry(2), entry(4)])).rejects.toMatchObject({ index: 1 });
      expect(await offsets()).toEqual([1, 2]);
    });

    it('reports the first offset that is taken, and writes nothing after it', async () => {
      await journal.append([entry(1), entry(2)]);
      const other = { token: 'owner-2', group: 'other' };
      expect(await journal.append([entry(2, other), entry(3, other)])).toEqual({
        outcome: 'duplicate',
        offset: 2,
      });
      expect((await collect(journal.read(3, 0))).map(({ token }) => token)).toEqual([
        'owner-1',
        'owner-1',
      ]);
    });

    it('takes a place in a group once', async () => {
      await journal.append([entry(1)]);
      const again = journal.append([
        entry(2, { group: 'h', seq: 1 }),
        entry(3, { seq: 1 }),
        entry(4),
      ]);
      expect(await again).toEqual({ outcome: 'duplicate', offset: 3 });
      expect(await offsets()).toEqual([1, 2]);
    });

    it('lets one of two owners win that append at the same time', async () => {
      const outcomes = await Promise.all([
        journal.append([claim(1, 'a')]),
        journal.append([claim(1, 'b')]),
      ]);
      expect(outcomes).toEqual([{ outcome: 'appended' }, { outcome: 'duplicate', offset: 1 }]);
      expect(await collect(journal.read(3, 0))).toMatchObject([{ token: 'a' }]);
    });

    it('is not affected by what becomes of the objects that it was given', async () => {
      const versions: Record<string, number> = { job: 1 };
      const given = entry(1);
      const appended = journal.append([given]);
      given.type = 'changed';
      await journal.checkpoint({ ...document, versions });
      versions['job'] = 2;
      await appended;
      expect(await collect(journal.read(3, 0))).toMatchObject([{ type: 'job.start' }]);
      expect(await journal.partition(3)).toEqual(document);
    });

    it('reads a group in the order of its seq, from where it is asked to', async () => {
      const groups = Array.from({ length: 1000 }, (_, index) => {
        const isOdd = index % 2 === 1;
        return entry(index + 1, { group: isOdd ? 'odd' : 'even', seq: Math.floor(index / 2) + 1 });
      });
      await journal.append([...groups, claim(1001, 'owner-1')]);
      const read = await collect(journal.readGroup(3, 'odd', 10));
      expect(read.map(({ seq }) => seq)).toEqual(
        Array.from({ length: 490 }, (_, index) => index + 11),
      );
      expect(await collect(journal.readGroup(3, 'none', 0))).toEqual([]);
      expect(await collect(journal.readGroup(4, 'odd', 0))).toEqual([]);
      expect(await offsets(3, 100)).toHaveLength(901);
    });

    it('accepts an append of nothing', async () => {
      expect(await journal.append([])).toEqual({ outcome: 'appended' });
    });

    it('has no document of a partition before its first checkpoint', async () => {
      expect(await journal.partition(3)).toBeUndefined();
    });

    it('never lets released shrink', async () => {
      await journal.checkpoint(document);
      await journal.checkpoint({ ...document, released: 4, epoch: 'older', owing: ['x'] });
      expect(await journal.partition(3)).toEqual(document);
      const grown = { ...document, released: 6, epoch: 'f', owing: ['g', 'h'] };
      await journal.checkpoint(grown);
      expect(await journal.partition(3)).toEqual(grown);
      await journal.checkpoint({ ...grown, owing: [] });
      expect(await journal.partition(3)).toEqual({ ...grown, owing: [] });
    });
  });
}
