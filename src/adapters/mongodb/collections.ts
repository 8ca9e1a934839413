/**
 * Collections of a millrace store in MongoDB: their names, documents and indexes. User data lies in them as
 * JSON text, never as BSON. Made at the first start and looked at in each: an index that lacks makes a wrong
 * answer (a place taken twice) or a slow one.
 */
import type { Binary, Collection, Db, IndexDescriptionInfo } from 'mongodb';
import { MillraceError, TransientError } from '../../protocol/errors.ts';
import type { HostDocument } from '../../ports/hosts.ts';
import type { EntryMeta } from '../../ports/journal.ts';
import type { Head } from '../../ports/snapshots.ts';
import type { Version } from './bulk.ts';
import type { Connection } from './connection.ts';
import { isNoCollection } from './errors.ts';

/** `_id`: partition/offset, `03/000000012345`. */
export type EntryDocument = {
  _id: string;
  partition: number;
  token: string;
  /** Absent in a claim, whose `seq` is its offset: (partition, group, seq) is unique. */
  group?: string;
  seq: number;
  at: number;
  type: string;
  to?: string;
  meta?: EntryMeta;
  /** JSON text. */
  body?: string;
  blob?: string;
  /** JSON text: a list of [actor, from, to]. */
  transitions?: string;
  parked?: string;
};

/** `_id`: the partition. Of two versions of `at` the higher is kept. */
export type ReleasedDocument = {
  _id: number;
  at: { released: number } & Version & {
      epoch: string;
      /** JSON text: kind → version. */
      versions: string;
      owing: readonly string[];
    };
};

/** `_id`: group/seq, `01K4…/000000000064`. */
export type SnapshotDocument = {
  _id: string;
  at: number;
  /** JSON text: kind → version. */
  versions: string;
  parent?: number;
  hash: string;
  /** JSON text. */
  state: string;
};

/** `_id`: the group. Of two versions of `head` the higher is kept. */
export type HeadDocument = {
  _id: string;
  head: { seq: number } & Version &
    Omit<Head, 'group' | 'seq'> & {
      /** The id's characters from the last to the first, to find it by how it ends. */
      mirrored: string;
    };
};

/** `_id`: group/seq/n. */
export type TimerDocument = { _id: string; partition: number; due: number };

/** `_id`: hash/piece, `9f86…/000000`; `pieces`: of the whole blob. */
export type BlobDocument = { _id: string; pieces: number; bytes: Binary };

/** `_id`: the host's. */
export type HostRow = Omit<HostDocument, 'id'> & { _id: string };

/** `_id` `store`: identity, written once; `epoch/000000007`: an epoch, the highest is the current one. */
export type DeploymentDocument = {
  _id: string;
  store?: string;
  partitions?: number;
  version?: number;
  epoch?: string;
};

/** Layout of these documents; a store with a higher one was written by a newer millrace. */
export const schemaVersion = 1;

export type IndexRule = {
  name: string;
  /** Field → 1 rising, -1 falling, in this order. */
  key: Readonly<Record<string, 1 | -1>>;
  unique?: boolean;
};

/** Every index but `_id`'s, and what asks for it. */
export const storeIndexes: Readonly<Record<string, readonly IndexRule[]>> = {
  /** Takes a place in a group once; readGroup. Its first field is what a sharded cluster shards by. */
  journal: [{ name: 'group_seq', key: { partition: 1, group: 1, seq: 1 }, unique: true }],
  partitions: [],
  snapshots: [],
  heads: [
    /** active */
    { name: 'active', key: { 'head.partition': 1, 'head.active': 1, _id: 1 } },
    /** heads, and matching's order */
    { name: 'newest', key: { 'head.createdAt': -1, _id: -1 } },
    /** matching, by the end of an id */
    { name: 'mirrored', key: { 'head.mirrored': 1 } },
  ],
  /** due */
  timers: [{ name: 'due', key: { partition: 1, due: 1 } }],
  blobs: [],
  hosts: [],
  deployment: [],
};

/** The collections of a store, typed. */
export function collectionsOf(db: Db) {
  return {
    journal: db.collection<EntryDocument>('journal'),
    partitions: db.collection<ReleasedDocument>('partitions'),
    snapshots: db.collection<SnapshotDocument>('snapshots'),
    heads: db.collection<HeadDocument>('heads'),
    timers: db.collection<TimerDocument>('timers'),
    blobs: db.collection<BlobDocument>('blobs'),
    hosts: db.collection<HostRow>('hosts'),
    deployment: db.collection<DeploymentDocument>('deployment'),
  };
}

export type Collections = ReturnType<typeof collectionsOf>;

/** Makes indexes that are not there and looks at all; MillraceError `store` names one that is not as it must be. */
export async function prepareIndexes(
  connection: Connection,
  indexes: Readonly<Record<string, readonly IndexRule[]>>,
): Promise<void> {
  for (const [name, rules] of Object.entries(indexes)) {
    const collection = connection.db.collection(name);
    if (rules.length > 0) await prepareCollection(connection, collection, rules, 5);
  }
}

async function prepareCollection(
  connection: Connection,
  collection: Collection,
  rules: readonly IndexRule[],
  tries: number,
): Promise<void> {
  const name = collection.collectionName;
  const present = await indexesOf(connection, collection);
  const missing = rules.filter((rule) => !present.some((index) => index.name === rule.name));
  if (missing.length > 0) {
    try {
      await connection.run(`make the indexes of ${name}`, () =>
        collection.createIndexes(missing.map((rule) => ({ ...rule, key: { ...rule.key } }))),
      );
    } catch (error) {
      // Other processes that start just now make the same, and some servers refuse one of them meanwhile.
      if (!(error instanceof TransientError) || tries <= 1) throw error;
      return prepareCollection(connection, collection, rules, tries - 1);
    }
  }
  const found = missing.length > 0 ? await indexesOf(connection, collection) : present;
  for (const rule of rules) {
    const index = found.find((each) => each.name === rule.name);
    if (index === undefined || !isAs(rule, index))
      throw wrongIndex(connection, name, { rule, index });
  }
}

function indexesOf(
  connection: Connection,
  collection: Collection,
): Promise<IndexDescriptionInfo[]> {
  return connection.run(`read the indexes of ${collection.collectionName}`, async () => {
    try {
      return await collection.indexes();
    } catch (error) {
      if (isNoCollection(error)) return [];
      throw error;
    }
  });
}

function isAs({ key, unique = false }: IndexRule, index: IndexDescriptionInfo): boolean {
  return JSON.stringify(index.key) === JSON.stringify(key) && (index.unique ?? false) === unique;
}

type Found = { rule: IndexRule; index: IndexDescriptionInfo | undefined };

function wrongIndex(connection: Connection, name: string, { rule, index }: Found): MillraceError {
  const wanted = `${rule.unique === true ? 'the unique key' : 'the key'} ${JSON.stringify(rule.key)}`;
  const has = index === undefined ? 'is not there' : `has ${JSON.stringify(index.key)}`;
  return new MillraceError(
    'store',
    `The index ${rule.name} of ${name} in MongoDB at ${connection.name} must have ${wanted}, and ${has}; drop it and start again.`,
  );
}
