/** What a new owner reads of the journal before it takes a partition over. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { Entry } from '../../src/ports/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import { readNewest, Recent } from '../../src/runtime/recent.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const folder = tempFolder();
const partition = 3;
let store: Store;
let count = 0;

beforeEach(() => {
  count += 1;
  store = openSqliteStore({ path: join(folder, `${count}.db`), partitions: 4 });
});

afterEach(() => store.close());

/** Entries of `a` and `b` in turn, the claim last. */
async function journal(entries: number, body = '{}'): Promise<Entry> {
  const fields = { partition, token: 'old', at: 1, type: 'task.poke', to: 'task/main', body };
  const all: Entry[] = Array.from({ length: entries }, (_, n) => ({
    ...{ ...fields, offset: n + 1, seq: Math.floor(n / 2) + 1, transitions: [] },
    group: n % 2 === 0 ? 'a' : 'b',
  }));
  const claim = { partition, token: 'new', at: 1, type: 'claim', offset: entries + 1, seq: 0 };
  await store.journal.append(all);
  await store.journal.append([{ ...claim, transitions: [] }]);
  return { ...claim, transitions: [] };
}

const reading = (isRemote: boolean) => ({ store, broker: { isRemote } }) as never;

const seqsOf = (entries: readonly Entry[], group: string): number[] =>
  entries.filter((entry) => entry.group === group).map(({ seq }) => seq);

test('over a network what is at work is read along, from behind its snapshot', async () => {
  const claim = await journal(8);
  const snapshot = { at: 1, versions: {}, hash: 'h', state: '{}' };
  await store.snapshots.put({ ...snapshot, group: 'b', seq: 2 });
  const { before, unreleased } = await readNewest(reading(true), claim, 6);
  expect([seqsOf(before, 'a'), seqsOf(before, 'b')]).toEqual([[1, 2, 3], [3]]);
  expect(unreleased.map(({ offset }) => offset)).toEqual([7, 8, 9]);
});

test('in one process nothing is read but what was not released', async () => {
  const claim = await journal(8);
  const { before, unreleased } = await readNewest(reading(false), claim, 6);
  expect([before.length, unreleased.length]).toEqual([0, 3]);
});

test('of much data only the newest is kept, without a gap', async () => {
  const claim = await journal(14, JSON.stringify('x'.repeat(1024 * 1024)));
  const { before } = await readNewest(reading(true), claim, 14);
  expect(before.map(({ offset }) => offset)).toEqual([13, 14]);
});

test('entries are given once, and for a minute', async () => {
  const claim = await journal(4);
  const { before } = await readNewest(reading(true), claim, 4);
  const clock = new FakeClock();
  const recent = new Recent(clock, before);
  expect(recent.take('a').tail?.map(({ seq }) => seq)).toEqual([1, 2]);
  expect(recent.take('a')).toEqual({});
  clock.advance(60_000);
  expect(recent.take('b')).toEqual({});
});
