/** What happens to the file of the read models: whatever it is, what people read is made again from the journal. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  openSync,
  rmSync,
  rmdirSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteReadModels, readModelsFile } from '../../src/adapters/sqlite/readModels.ts';
import type { Entry } from '../../src/ports/journal.ts';
import type { ReadModels } from '../../src/ports/readmodels.ts';
import { Tracker } from '../../src/tracker/tracker.ts';
import { documentsOf } from '../kit/documents.ts';
import { eventually } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { openStore } from '../kit/rig.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const folder = tempFolder();
let opened = 0;
let store: ReturnType<typeof openStore>;
let models: ReadModels;
let clock: FakeClock;
let said: string[];
let path: string;
let trackers: Tracker[];

beforeEach(async () => {
  const place = join(folder, String((opened += 1)));
  store = openStore(place);
  path = join(place, readModelsFile);
  models = openSqliteReadModels({ path, store: store.id });
  clock = new FakeClock();
  said = [];
  trackers = [];
  await store.journal.append([1, 2, 3].map((offset) => created(offset)));
});

afterEach(async () => {
  await Promise.all(trackers.map((tracker) => tracker.stop()));
  await models.close();
  await store.close();
});

function created(offset: number): Entry {
  const jobs = [{ name: 'a', type: 'copy' }];
  const body = JSON.stringify({ requestType: 'r', args: null, plan: { jobs } });
  const group = `g${offset}`;
  const transitions = [
    { actor: 'chain/main', from: 'pending', to: 'running' },
    { actor: 'job/0', from: 'pending', to: 'running' },
  ];
  const place = { partition: 0, offset, token: 't', group, seq: 1, at: offset };
  return { ...place, type: 'chain.create', to: 'chain/main', body, transitions };
}

function track(of = models): Tracker {
  const { journal, blobs, partitions } = store;
  const warn = (text: string): void => void said.push(text);
  const tracker = new Tracker({ journal, blobs, models: of, clock, partitions, warn });
  trackers.push(tracker);
  return tracker;
}

const ids = async () => (await models.find({})).map(({ id }) => id).sort();

describe('a file that cannot be used at the start', () => {
  const unfit: [string, string, () => void][] = [
    ['no database', 'is damaged (SQLITE_NOTADB', () => writeFileSync(path, 'x'.repeat(9999))],
    ['of another program', 'holds no read models', () => make('CREATE TABLE t (a)')],
    ['of another layout', 'has layout 7', () => make('PRAGMA user_version = 7', true)],
    [
      'of another store',
      'belongs to another store',
      () => make("UPDATE meta SET store = 'x'", true),
    ],
  ];
  function make(sql: string, isOurs = false): void {
    if (isOurs) copyFileSync(whole(), path);
    const db = new Database(path);
    db.exec(sql);
    db.close();
  }
  let copy = '';
  const whole = (): string => copy;

  for (const [what, reason, spoil] of unfit) {
    it(`is made anew, and that is said: ${what}`, async () => {
      copy = `${path}.whole`;
      const other = openSqliteReadModels({ path: copy, store: store.id });
      await track(other).runOnce();
      const documents = await documentsOf(other, 1);
      await other.close();
      spoil();
      expect(await track().runOnce()).toBe(3);
      expect(said).toHaveLength(1);
      expect(said[0]).toContain('the read models are made again from the journal');
      expect(said[0]).toContain(reason);
      expect(await documentsOf(models, 1)).toEqual(documents);
    });
  }

  it('is made without a word when there is none', async () => {
    await track().runOnce();
    expect(await ids()).toEqual(['g1', 'g2', 'g3']);
    expect(said).toEqual([]);
  });

  it('is made anew when it knows more than the journal', async () => {
    await models.apply({
      ...{ partition: 0, after: 0, applied: 9, counts: { requests: {}, jobs: {} } },
      ...{ requests: [], jobs: [], attempts: [] },
    });
    await track().runOnce();
    expect(said[0]).toContain('they know entry 9 of partition 0, and the journal ends at 3');
    expect(await ids()).toEqual(['g1', 'g2', 'g3']);
  });
});

describe('while the tracker runs', () => {
  const damages: [string, () => void][] = [
    ['deleted', () => rmSync(path)],
    [
      'deleted with all that is beside it',
      () => ['', '-wal', '-shm'].forEach((end) => rmSync(`${path}${end}`)),
    ],
    [
      'replaced',
      () => {
        const other = `${path}.other`;
        writeFileSync(other, 'no database');
        rmSync(path);
        copyFileSync(other, path);
      },
    ],
    ['overwritten', overwrite],
    [
      'cut short',
      () => {
        checkpoint();
        truncateSync(path, 5000);
      },
    ],
  ];

  function checkpoint(): void {
    const db = new Database(path);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
  }
  function overwrite(): void {
    checkpoint();
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(40_000, 7), 0, 40_000, 0);
    appendFileSync(path, 'x');
  }

  for (const [what, spoil] of damages) {
    it(`a file that is ${what} is noticed within a second, said, and made anew`, async () => {
      const tracker = track();
      tracker.start();
      await eventually(async () => expect(await ids()).toHaveLength(3));
      spoil();
      await store.journal.append([created(4)]);
      await eventually(async () => {
        clock.advance(1000);
        expect(said).toHaveLength(1);
        expect(await ids()).toEqual(['g1', 'g2', 'g3', 'g4']);
      });
    });
  }

  it('a file that cannot be written is said once, and tried again until it can', async () => {
    mkdirSync(path);
    track().start();
    await eventually(() => {
      clock.advance(1000);
      expect(said).toHaveLength(1);
    });
    expect(said[0]).toContain('the read models are not kept up to date');
    rmdirSync(path);
    await eventually(async () => {
      clock.advance(1000);
      expect(await ids()).toHaveLength(3);
    });
    expect(said).toHaveLength(1);
  });

  it('another tracker over the same file disturbs nothing', async () => {
    const other = openSqliteReadModels({ path, store: store.id });
    const [first, second] = [track(), track(other)];
    await first.runOnce();
    await second.rebuild();
    await store.journal.append([created(4)]);
    await Promise.all([first.runOnce(), second.runOnce()]);
    expect(await ids()).toEqual(['g1', 'g2', 'g3', 'g4']);
    expect(await models.counts()).toEqual({ requests: { running: 4 }, jobs: { running: 4 } });
    expect(said).toEqual([]);
    await other.close();
  });
});
