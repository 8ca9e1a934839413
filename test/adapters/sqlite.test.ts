/** What only the SQLite store does: which files it takes, what one commit holds, a disk that is full. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { openSqliteStore, type SqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { Entry } from '../../src/ports/journal.ts';
import { DocumentError, TransientError } from '../../src/protocol/errors.ts';
import { collect, entry } from '../contract/journal.contract.ts';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const folder = tempFolder();
let opened = 0;

function newPath(): string {
  return join(folder, `${opened++}.db`);
}

function open(path = newPath()): SqliteStore {
  return openSqliteStore({ path, partitions: 16 });
}

async function offsets(store: SqliteStore): Promise<number[]> {
  return (await collect(store.journal.read(3, 0))).map(({ offset }) => offset);
}

describe('opening a file', () => {
  function refused(path: string, words: string, options = {}): void {
    const attempt = (): unknown => openSqliteStore({ path, partitions: 16, ...options });
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'store', message: expect.stringContaining(path) }),
    );
    expect(attempt).toThrow(words);
  }

  it('refuses another program’s database', () => {
    const path = newPath();
    const db = new Database(path);
    db.exec('CREATE TABLE customers (name TEXT)');
    db.close();
    refused(path, 'is not a millrace store');
  });

  it('refuses a store of a newer version, and says which', async () => {
    const path = newPath();
    await open(path).close();
    const db = new Database(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    refused(path, 'store version 99; this one knows 1); upgrade millrace');
  });

  it('refuses a file that is no database', () => {
    const path = newPath();
    writeFileSync(path, 'once upon a time '.repeat(1000));
    refused(path, 'is not a database');
  });

  it('refuses a missing file where there must be one, and one to read that is empty', () => {
    refused(newPath(), 'There is no millrace store', { fileMustExist: true });
    const path = newPath();
    writeFileSync(path, '');
    refused(path, 'is not a millrace store', { readonly: true });
  });

  it('refuses a path that cannot be opened', () => {
    refused(folder, 'cannot be opened');
  });

  it('reads beside a host, and writes nothing', async () => {
    const path = newPath();
    const host = open(path);
    await host.journal.append([entry(1)]);
    const reader = openSqliteStore({ path, partitions: 2, readonly: true });
    expect(reader.partitions).toBe(16);
    await host.journal.append([entry(2)]);
    expect(await offsets(reader)).toEqual([1, 2]);
    await expect(reader.journal.append([entry(3)])).rejects.toBeInstanceOf(TransientError);
    await reader.close();
    await host.close();
  });
});

describe('a commit', () => {
  it('holds the appends of all partitions of one turn, and what waited', async () => {
    const store = open();
    await store.timers.put([{ partition: 3, group: 'g', seq: 1, n: 0, due: 1 }]);
    const before = store.stats().commits;
    await Promise.all([
      store.journal.append([entry(1), entry(2)]),
      store.journal.append([entry(1, { partition: 4, group: 'h' })]),
      store.journal.append([entry(3)]),
    ]);
    expect(store.stats().commits).toBe(before + 1);
    expect(await store.timers.due(3, 2)).toHaveLength(1);
    expect(store.stats().commits).toBe(before + 1);
    await store.close();
  });

  it('is made at an idle moment when only lazy writes wait', async () => {
    const store = open();
    await store.blobs.put(new Map([['h', 'text']]));
    expect(store.stats().commits).toBe(0);
    await eventually(() => expect(store.stats().commits).toBe(1));
    await store.close();
  });

  it('is not hurried by a read that no waiting write concerns', async () => {
    const store = open();
    await store.blobs.put(new Map([['h', 'text']]));
    await store.journal.head(3);
    await store.snapshots.newest('g');
    expect(store.stats().commits).toBe(0);
    await store.close();
  });

  it('keeps what comes before an entry that cannot be stored, and the other appends', async () => {
    const store = open();
    const nul = entry(2, { group: 'n\0l' });
    const outcomes = await Promise.allSettled([
      store.journal.append([entry(1), nul, entry(3)]),
      store.journal.append([entry(1, { partition: 4, group: 'h' })]),
      store.journal.append([entry(2), entry(3, { at: 0.5 })]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    for (const outcome of [outcomes[0], outcomes[2]]) {
      expect(outcome).toMatchObject({ reason: { index: 1 } });
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(DocumentError);
    }
    expect(await offsets(store)).toEqual([1, 2]);
    expect(await store.journal.head(4)).toBe(1);
    await store.close();
  });
});

describe('a full disk', () => {
  const large = 'x'.repeat(300_000);
  const first = entry(1, { body: large });
  const second: Entry = entry(1, { partition: 4, group: 'h' });

  it('refuses the whole batch, keeps the lazy writes, and loses nothing once there is room', async () => {
    const path = newPath();
    const store = openSqliteStore({ path, partitions: 16, maxPages: 60 });
    await store.blobs.put(new Map([['before', 'text']]));
    const outcomes = await Promise.allSettled([
      store.journal.append([first]),
      store.journal.append([second]),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { cause: { code: 'SQLITE_FULL' } },
      });
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(TransientError);
      expect(String(outcome.status === 'rejected' && outcome.reason)).toMatch(
        /\.db.*free some space/,
      );
    }
    expect([
      await store.journal.head(3),
      await store.journal.head(4),
      store.stats().commits,
    ]).toEqual([0, 0, 0]);
    store.limitPages();
    await Promise.all([store.journal.append([first]), store.journal.append([second])]);
    expect(store.stats().commits).toBe(1);
    await store.close();
    const again = open(path);
    expect(await again.blobs.get('before')).toBe('text');
    expect(await collect(again.journal.read(3, 0))).toEqual([first]);
    expect(await collect(again.journal.read(4, 0))).toEqual([second]);
    await again.close();
  });

  it('is told by flush, and lazy writes are tried again by themselves', async () => {
    const store = openSqliteStore({ path: newPath(), partitions: 16, maxPages: 60 });
    await store.blobs.put(new Map([['large', large]]));
    await expect(store.flush()).rejects.toBeInstanceOf(TransientError);
    await expect(store.blobs.get('large')).rejects.toBeInstanceOf(TransientError);
    store.limitPages();
    await eventually(() => expect(store.stats().commits).toBe(1));
    expect(await store.blobs.get('large')).toBe(large);
    await store.close();
  });
});

it('an entry costs at most 300 bytes beside its body', async () => {
  const path = newPath();
  const store = open(path);
  const ulid = '01K4ZZZZZZZZZZZZZZZZZZZZZZ';
  const entries = Array.from({ length: 5000 }, (_, index) =>
    entry(index + 1, {
      token: ulid,
      group: ulid,
      type: 'attempt.succeeded',
      to: `job/${index}`,
      transitions: [
        { actor: `job/${index}`, from: 'running', to: 'complete' },
        { actor: `job/${index + 1}`, from: 'pending', to: 'running' },
      ],
    }),
  );
  await store.journal.append(entries);
  await store.close();
  expect(statSync(path).size / 5000).toBeLessThan(300);
});
