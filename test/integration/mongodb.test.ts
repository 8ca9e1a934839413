/** What only the MongoDB store does: which databases it takes, what a round trip holds, which index answers. */
import { MongoClient, type Db } from 'mongodb';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { openMongoReadModels } from '../../src/adapters/mongodb/readModels.ts';
import { questions } from '../../src/adapters/mongodb/readModelCollections.ts';
import { openMongoStore } from '../../src/adapters/mongodb/store.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import { collect, entry } from '../contract/journal.contract.ts';
import { databasesOn } from '../kit/mongodbDatabases.ts';

const server = inject('mongodbUrl');

if ('url' in server) suite(server.url);
else it.skip(`the MongoDB store: ${server.skipped}`, () => {});

function suite(url: string): void {
  const databaseOf = databasesOn(url);
  const client = new MongoClient(url);
  afterAll(() => client.close());

  describe('opening a database', () => {
    async function refused(prepare: (db: Db) => Promise<unknown>, words: string): Promise<void> {
      const database = databaseOf();
      await prepare(client.db(database));
      const opening = openMongoStore({ url, database, partitions: 4 });
      await expect(opening).rejects.toMatchObject({
        code: 'store',
        message: expect.stringContaining(words),
      });
      await expect(opening).rejects.toThrow(database);
    }
    const named = (_id: string, fields: object) => (db: Db) =>
      db.collection<{ _id: string }>('deployment').insertOne({ _id, ...fields });

    it('lets the first of several that make the store decide', async () => {
      const database = databaseOf();
      const stores = await Promise.all(
        [4, 8, 16].map((partitions) => openMongoStore({ url, database, partitions })),
      );
      expect(new Set(stores.map(({ id }) => id)).size).toBe(1);
      expect(new Set(stores.map(({ partitions }) => partitions)).size).toBe(1);
      await Promise.all(stores.map((store) => store.close()));
    });

    it('refuses a store of a newer version, and says which', async () => {
      const newer = { store: 'x', partitions: 4, version: 99 };
      await refused(named('store', newer), 'store version 99; this one knows 1); upgrade millrace');
    });

    it('refuses what is no millrace store', async () => {
      await refused(named('store', { name: 'shop' }), 'something else than a millrace store');
    });

    it('refuses an index that is not as it must be, and names it', async () => {
      const other = (db: Db) =>
        db.collection('timers').createIndexes([{ key: { due: 1 }, name: 'due' }]);
      await refused(other, 'The index due of timers');
    });

    it('refuses to read where nothing is, and reads beside a host without writing', async () => {
      const database = databaseOf();
      const missing = openMongoStore({ url, database, partitions: 4, readonly: true });
      await expect(missing).rejects.toThrow('There is no millrace store');
      const host = await openMongoStore({ url, database, partitions: 4 });
      const reader = await openMongoStore({ url, database, partitions: 9, readonly: true });
      expect([reader.id, reader.partitions]).toEqual([host.id, 4]);
      await host.journal.append([entry(1)]);
      expect(await collect(reader.journal.read(3, 0))).toEqual([entry(1)]);
      await expect(reader.journal.append([entry(2)])).rejects.toBeInstanceOf(TransientError);
      await reader.snapshots.putHeads([]);
      await reader.close();
      await host.close();
    });

    it('refuses a URL that is none, without its password', async () => {
      const opening = openMongoStore({ url: 'mongodb://ada:secret@', partitions: 4 });
      await expect(opening).rejects.toMatchObject({ code: 'config' });
      await expect(opening).rejects.not.toThrow('secret');
    });
  });

  it('counts what goes over the wire: an append is one round trip, lazy writes one a collection', async () => {
    const store = await openMongoStore({ url, database: databaseOf(), partitions: 4 });
    await store.journal.append([entry(1)]);
    const since = traffic(store.stats());
    await store.journal.append(Array.from({ length: 60 }, (_, index) => entry(index + 2)));
    expect(since(store.stats())).toMatchObject({ roundTrips: 1, documents: 60 });
    const after = traffic(store.stats());
    const rows = Array.from({ length: 100 }, (_, seq) => ({
      ...{ partition: 3, group: 'g', seq, n: 0, due: 1 },
    }));
    for (const row of rows) await store.timers.put([row]);
    for (const released of [1, 2, 3])
      await store.journal.checkpoint({
        partition: 3,
        released,
        epoch: '',
        versions: {},
        owing: [],
      });
    await store.flush();
    expect(after(store.stats())).toMatchObject({ roundTrips: 2, documents: 101 });
    expect(after(store.stats()).bytes).toBeGreaterThan(100 * 30);
    await store.close();
  });

  type Traffic = { roundTrips: number; documents: number; bytes: number };

  function traffic(before: Traffic): (after: Traffic) => Traffic {
    return ({ roundTrips, documents, bytes }) => ({
      roundTrips: roundTrips - before.roundTrips,
      documents: documents - before.documents,
      bytes: bytes - before.bytes,
    });
  }

  it('refuses a lazy write that is too large for any server alone, and says so at the next flush', async () => {
    const warned: string[] = [];
    const warn = (error: unknown) => warned.push(String(error));
    const store = await openMongoStore({ url, database: databaseOf(), partitions: 4, warn });
    const snapshot = { group: 'large', seq: 1, at: 1, versions: {}, hash: 'h', state: '' };
    await store.snapshots.put({ ...snapshot, state: 'x'.repeat(17 * 1024 * 1024) });
    await store.snapshots.put({ ...snapshot, group: 'small' });
    await store.journal.append([entry(1)]);
    expect(await store.snapshots.newest('small')).toMatchObject({ group: 'small' });
    await expect(store.flush()).rejects.toMatchObject({
      code: 'document',
      message: expect.stringContaining('large/000000000001'),
    });
    expect(warned).toHaveLength(1);
    await store.flush();
    await store.close();
  });

  it('writes what several partitions append at once in one round trip', async () => {
    const store = await openMongoStore({ url, database: databaseOf(), partitions: 16 });
    const { append, head } = store.journal;
    const places = Array.from({ length: 16 }, (_, partition) => ({
      partition,
      group: `g${partition}`,
    }));
    const atOnce = (first: number, count: number) =>
      Promise.all(
        places.map((place) =>
          append(Array.from({ length: count }, (_, index) => entry(first + index, place))),
        ),
      );
    const since = traffic(store.stats());
    await atOnce(1, 10);
    expect(since(store.stats())).toMatchObject({ roundTrips: 1, documents: 160 });
    // Where one partition's place is taken the others are written all the same.
    await append([entry(11, { partition: 7, group: 'other' })]);
    const outcomes = await atOnce(11, 3);
    expect(outcomes.map(({ outcome }) => outcome).indexOf('duplicate')).toBe(7);
    expect(outcomes.filter(({ outcome }) => outcome === 'appended')).toHaveLength(15);
    const heads = await Promise.all(places.map(({ partition }) => head(partition)));
    expect(heads).toEqual(places.map(({ partition }) => (partition === 7 ? 11 : 13)));
    await store.close();
  });

  it('answers each question of the read models by the index that is meant for it', async () => {
    const database = databaseOf();
    const models = await openMongoReadModels({ url, database });
    const asked = [
      ...[{}, { type: 't' }, { user: 'u' }, { states: ['s'] }, { until: 1 }, { args: { a: 'b' } }],
      ...[{ labels: { a: 'b' } }, { since: 1 }],
    ].map(questions.find);
    const others = [questions.jobs('r'), questions.attempts('r'), questions.running()];
    for (const { collection, filter, sort, index } of [...asked, ...others]) {
      const found = client.db(database).collection(collection);
      const plan = JSON.stringify(await found.find(filter).sort(sort).explain('queryPlanner'));
      const names = (await found.indexes().catch(() => [])).map(({ name }) => name);
      // A server without plans of MongoDB's kind says nothing of indexes: then it has at least to be there.
      if (plan.includes('winningPlan')) expect(plan).toContain(`"indexName":"${index}"`);
      else expect([...names, '_id_']).toContain(index);
    }
    await models.close();
  });
}
