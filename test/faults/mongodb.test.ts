/** A MongoDB that freezes, is killed or was written to by others: nothing is lost, nothing is there twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMongoStore, type MongoStore } from '../../src/adapters/mongodb/store.ts';
import type { Entry } from '../../src/ports/journal.ts';
import { MillraceError, TransientError } from '../../src/protocol/errors.ts';
import { collect, entry } from '../contract/journal.contract.ts';
import { eventually } from '../kit/eventually.ts';
import { ownMongodb, type MongodbServer } from '../kit/mongodbServer.ts';

const found = await ownMongodb();
/** A call to a frozen server rejects after this. */
const timeoutMs = 600;

if ('skipped' in found) {
  it.skip(`a MongoDB that fails: ${found.skipped}`, () => {});
} else {
  describe('a MongoDB that fails', () => suite(found));
}

function suite(server: MongodbServer): void {
  let opened = 0;
  let store: MongoStore;
  const warned: string[] = [];

  beforeAll(() => () => server.stop());

  async function open(database = `failing-${opened++}`): Promise<MongoStore> {
    const warn = (error: unknown): number => warned.push(String(error));
    store = await openMongoStore({ url: server.url, database, partitions: 16, timeoutMs, warn });
    return store;
  }
  afterAll(() => store.close());

  const batch = (count: number, first = 1): Entry[] =>
    Array.from({ length: count }, (_, index) => entry(first + index, { body: 'x'.repeat(500) }));

  /** As the runtime does: the identical write until its outcome is known. */
  async function appendUntilKnown(
    entries: readonly Entry[],
    onFailure?: () => void,
  ): Promise<{ failures: number }> {
    for (let done = 0, failures = 0; ;) {
      try {
        const appended = await store.journal.append(entries.slice(done));
        if (appended.outcome === 'appended') return { failures };
        const index = entries.findIndex(({ offset }) => offset === appended.offset);
        const [there] = await collect(store.journal.read(3, appended.offset - 1));
        expect(there).toEqual(entries[index]);
        done = index + 1;
        if (done === entries.length) return { failures };
      } catch (error) {
        if (!(error instanceof TransientError)) throw error;
        failures += 1;
        onFailure?.();
      }
    }
  }

  async function expectJournal(entries: readonly Entry[]): Promise<void> {
    expect(await collect(store.journal.read(3, 0))).toEqual(entries);
    expect(await store.journal.head(3)).toBe(entries.length);
  }

  it('keeps what comes before an entry whose place is taken, and names the first that is', async () => {
    await open();
    const other = { ...entry(4), token: 'owner-2', group: 'other' };
    await store.journal.append([...batch(3), other]);
    const taken = await store.journal.append(batch(3, 4));
    expect(taken).toEqual({ outcome: 'duplicate', offset: 4 });
    await expectJournal([...batch(3), other]);
    const mixed = [
      entry(5, { group: 'h', seq: 1 }),
      entry(6, { group: 'other', seq: 4 }),
      entry(7),
    ];
    expect(await store.journal.append(mixed)).toEqual({ outcome: 'duplicate', offset: 6 });
    await expectJournal([...batch(3), other, ...mixed.slice(0, 1)]);
    const again = await store.journal.append(batch(3));
    expect(again).toEqual({ outcome: 'duplicate', offset: 1 });
  });

  it('that is frozen lets a call wait no longer than its bound, and loses and doubles nothing', async () => {
    await open();
    const entries = batch(60);
    await store.journal.append(entries.slice(0, 10));
    server.freeze();
    const began = Date.now();
    const appended = store.journal.append(entries.slice(10));
    await expect(appended).rejects.toBeInstanceOf(TransientError);
    expect(Date.now() - began).toBeLessThan(timeoutMs * 3);
    // It lies in the server's socket: it lands when nobody waits for it any more.
    await appendUntilKnown(entries.slice(10), () => server.continue());
    await expectJournal(entries);
    expect(warned).toEqual([]);
  });

  it('that is killed and started again during appends loses and doubles nothing', async () => {
    await open();
    const entries = batch(3000);
    const [failed] = await Promise.all([
      (async () => {
        let failures = 0;
        for (let first = 0; first < entries.length; first += 100)
          failures += (await appendUntilKnown(entries.slice(first, first + 100))).failures;
        return failures;
      })(),
      (async () => {
        await eventually(async () => expect(store.stats().documents).toBeGreaterThan(500));
        await server.kill();
        await server.restart();
      })(),
    ]);
    expect(failed).toBeGreaterThan(0);
    await expectJournal(entries);
  });

  it('writes what waited once it is back, in order', async () => {
    await open();
    await store.timers.put([{ partition: 3, group: 'g', seq: 1, n: 0, due: 5 }]);
    const document = { partition: 3, released: 9, epoch: 'e', versions: {}, owing: [] };
    await store.journal.checkpoint(document);
    await server.kill();
    await expect(store.flush()).rejects.toBeInstanceOf(TransientError);
    await expect(store.timers.due(3, 9)).rejects.toBeInstanceOf(TransientError);
    await server.restart();
    await eventually(() => store.flush());
    expect(await store.timers.due(3, 9)).toHaveLength(1);
    expect(await store.journal.partition(3)).toEqual(document);
  });

  it('is not waited for at start longer than the bound, and its password is told to nobody', async () => {
    await server.kill();
    const url = server.url.replace('://', '://ada:secret@');
    const began = Date.now();
    const opening = openMongoStore({ url, database: 'gone', partitions: 4, timeoutMs });
    const error = await opening.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MillraceError);
    expect(Date.now() - began).toBeLessThan(timeoutMs * 3);
    expect(JSON.stringify([String(error), String((error as Error).cause)])).not.toContain('secret');
    await server.restart();
  });
}
