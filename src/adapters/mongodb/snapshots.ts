/** Snapshots and heads in MongoDB: a snapshot is inserted once, a head stored where nothing newer is. */
import type { Filter } from 'mongodb';
import type { Head, Snapshots, StoredSnapshot } from '../../ports/snapshots.ts';
import { insertOnce, putHighest, writtenNow } from './bulk.ts';
import type { HeadDocument, SnapshotDocument } from './collections.ts';
import type { Part } from './journal.ts';

const page = 256;
const seqDigits = 12;
/** No text of an id is after this. */
const last = '\u{10ffff}';

/** Opens the snapshots and heads of a store. */
export function mongoSnapshots({ connection, collections, queue }: Part): Snapshots {
  const snapshots = queue.table<SnapshotDocument>({
    phase: 1,
    merge: (waiting) => waiting,
    write: (list) => insertOnce({ connection, collection: 'snapshots' }, list),
  });
  const waitingHeads = queue.table<HeadDocument>({
    phase: 2,
    merge: (waiting, next) => (next.head.seq >= waiting.head.seq ? next : waiting),
    write: (list) => putHighest({ connection, collection: 'heads' }, 'head', list),
  });
  const { heads } = collections;

  async function find(what: string, filter: Filter<HeadDocument>, limit: number): Promise<Head[]> {
    await waitingHeads.settle();
    const found = await connection.run(what, () =>
      heads.find(filter).sort({ 'head.createdAt': -1, _id: -1 }).limit(limit).toArray(),
    );
    return found.map(toHead);
  }

  return {
    async put(snapshot) {
      const document = toSnapshotDocument(snapshot);
      await snapshots.add([[document._id, document]]);
    },
    async newest(group, seq = Number.MAX_SAFE_INTEGER) {
      await snapshots.settle();
      const [found] = await connection.run(`read the newest snapshot of ${group}`, () =>
        collections.snapshots
          .find({ _id: { $gte: snapshotId(group, 0), $lte: snapshotId(group, seq) } })
          .sort({ _id: -1 })
          .limit(1)
          .toArray(),
      );
      return found && toSnapshot(found);
    },
    async newestSeqs(groups) {
      await snapshots.settle();
      const newest = new Map<string, number>();
      for (let from = 0; from < groups.length; from += page) {
        const ids = groups.slice(from, from + page).map(ofGroup);
        const found = await connection.run('read which snapshots there are', () =>
          collections.snapshots.find({ $or: ids }).project<{ _id: string }>({ _id: 1 }).toArray(),
        );
        for (const { group, seq } of found.map(({ _id }) => placeOf(_id)))
          newest.set(group, Math.max(seq, newest.get(group) ?? 0));
      }
      return newest;
    },
    putHeads: (list) => waitingHeads.add(list.map((head) => [head.group, toHeadDocument(head)])),
    async head(group) {
      await waitingHeads.settle();
      const found = await connection.run(`read the head of ${group}`, () =>
        heads.findOne({ _id: group }),
      );
      return found === null ? undefined : toHead(found);
    },
    async *active(partition) {
      await waitingHeads.settle();
      for (let after = ''; ;) {
        const found = await connection.run(`read the heads of partition ${partition}`, () =>
          heads
            .find({ 'head.partition': partition, 'head.active': true, _id: { $gt: after } })
            .sort({ 'head.partition': 1, 'head.active': 1, _id: 1 })
            .limit(page)
            .toArray(),
        );
        yield* found.map(toHead);
        const end = found.at(-1);
        if (end === undefined || found.length < page) return;
        after = end._id;
      }
    },
    matching: (part, limit) => {
      const end = mirrored(part);
      const begins = { _id: { $gte: part, $lt: part + last } };
      const ends = { 'head.mirrored': { $gte: end, $lt: end + last } };
      return find(`find heads by ${part}`, { $or: [begins, ends] }, limit);
    },
    heads: (limit) => find('read heads', {}, limit),
  };
}

/** As text in the order of seqs; a group's id holds no slash. */
function snapshotId(group: string, seq: number): string {
  return `${group}/${String(seq).padStart(seqDigits, '0')}`;
}

function ofGroup(group: string): Filter<SnapshotDocument> {
  return { _id: { $gte: snapshotId(group, 0), $lte: snapshotId(group, Number.MAX_SAFE_INTEGER) } };
}

function placeOf(id: string): { group: string; seq: number } {
  const slash = id.lastIndexOf('/');
  return { group: id.slice(0, slash), seq: Number(id.slice(slash + 1)) };
}

/** By characters, not by the halves of them. */
function mirrored(text: string): string {
  return Array.from(text).reverse().join('');
}

function toSnapshotDocument(snapshot: StoredSnapshot): SnapshotDocument {
  const { group, seq, at, versions, parent, hash, state } = snapshot;
  return {
    _id: snapshotId(group, seq),
    at,
    versions: JSON.stringify(versions),
    ...(parent !== undefined && { parent }),
    hash,
    state,
  };
}

function toSnapshot({ _id, versions, ...rest }: SnapshotDocument): StoredSnapshot {
  return {
    ...placeOf(_id),
    // A cast: this file alone writes the field.
    versions: JSON.parse(versions) as StoredSnapshot['versions'],
    ...rest,
  };
}

function toHeadDocument({ group, seq, ...rest }: Head): HeadDocument {
  return { _id: group, head: { seq, ...writtenNow(), ...rest, mirrored: mirrored(group) } };
}

function toHead({
  _id,
  head: { mirrored: _mirrored, written: _written, ...rest },
}: HeadDocument): Head {
  return { group: _id, ...rest };
}
