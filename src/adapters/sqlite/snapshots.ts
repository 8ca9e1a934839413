/** Snapshots and heads in SQLite. Guards are in the SQL, so two writers may both put the same. */
import type { Head, Snapshots, StoredSnapshot } from '../../ports/snapshots.ts';
import type { CommitQueue } from './commit.ts';
import type { Connection } from './connection.ts';

type SnapshotRow = [
  group: string,
  seq: number,
  at: number,
  versions: string,
  parent: number | null,
  hash: string,
  state: string,
];

type HeadRow = [
  group: string,
  partition: number,
  type: string,
  state: string,
  seq: number,
  snapshot: number,
  active: number,
  parked: string | null,
  createdAt: number,
  updatedAt: number,
];

const snapshotColumns = 'grp, seq, at, versions, parent, hash, state';
const headColumns = 'grp, partition, type, state, seq, snapshot, active, parked, created, updated';
const page = 256;

/** Opens the snapshots and heads of a store. */
export function sqliteSnapshots(connection: Connection, queue: CommitQueue): Snapshots {
  const insert = connection.write(
    `INSERT OR IGNORE INTO snapshots (${snapshotColumns}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const newest = connection.query<SnapshotRow>(
    `SELECT ${snapshotColumns} FROM snapshots WHERE grp = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`,
  );
  const newestSeq = connection.query<[number]>(
    'SELECT seq FROM snapshots WHERE grp = ? ORDER BY seq DESC LIMIT 1',
  );
  const upsert = connection.write(`
    INSERT INTO heads (${headColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (grp) DO UPDATE SET partition = excluded.partition, type = excluded.type, state = excluded.state,
      seq = excluded.seq, snapshot = excluded.snapshot, active = excluded.active, parked = excluded.parked,
      created = excluded.created, updated = excluded.updated
    WHERE excluded.seq >= seq`);
  const head = connection.query<HeadRow>(`SELECT ${headColumns} FROM heads WHERE grp = ?`);
  const active = connection.query<HeadRow>(
    `SELECT ${headColumns} FROM heads WHERE partition = ? AND active = 1 AND grp > ? ORDER BY grp LIMIT ${page}`,
  );
  const matching = connection.query<HeadRow>(
    `SELECT ${headColumns} FROM heads WHERE substr(grp, 1, length(?1)) = ?1 OR substr(grp, -length(?1)) = ?1
      ORDER BY created DESC, rowid DESC LIMIT ?2`,
  );
  const heads = connection.query<HeadRow>(
    `SELECT ${headColumns} FROM heads ORDER BY created DESC, rowid DESC LIMIT ?`,
  );

  return {
    put({ group, seq, at, versions, parent, hash, state }) {
      const values = [group, seq, at, JSON.stringify(versions), parent ?? null, hash, state];
      return queue.later('snapshots', () => insert(...values));
    },
    async newest(group, seq = Number.MAX_SAFE_INTEGER) {
      queue.settle('snapshots');
      const row = newest(group, seq)[0];
      return row && toSnapshot(row);
    },
    newestSeqs(groups) {
      queue.settle('snapshots');
      const seqs = groups.flatMap((group) =>
        newestSeq(group).map(([seq]) => [group, seq] as const),
      );
      return Promise.resolve(new Map(seqs));
    },
    putHeads(list) {
      const rows = list.map(toRow);
      return queue.later('heads', () => rows.forEach((row) => upsert(...row)));
    },
    async head(group) {
      queue.settle('heads');
      const row = head(group)[0];
      return row && toHead(row);
    },
    async *active(partition) {
      queue.settle('heads');
      let after = '';
      for (;;) {
        const rows = active(partition, after);
        yield* rows.map(toHead);
        const end = rows[rows.length - 1];
        if (end === undefined || rows.length < page) return;
        after = end[0];
      }
    },
    async matching(part, limit) {
      queue.settle('heads');
      return matching(part, limit).map(toHead);
    },
    async heads(limit) {
      queue.settle('heads');
      return heads(limit).map(toHead);
    },
  };
}

function toRow(head: Head): HeadRow {
  const { group, partition, type, state, seq, snapshot, active, parked, createdAt, updatedAt } =
    head;
  return [
    group,
    partition,
    type,
    state,
    seq,
    snapshot,
    active ? 1 : 0,
    parked ?? null,
    createdAt,
    updatedAt,
  ];
}

function toHead([
  group,
  partition,
  type,
  state,
  seq,
  snapshot,
  active,
  parked,
  createdAt,
  updatedAt,
]: HeadRow): Head {
  return {
    group,
    partition,
    type,
    state,
    seq,
    snapshot,
    active: active === 1,
    ...(parked !== null && { parked }),
    createdAt,
    updatedAt,
  };
}

function toSnapshot([group, seq, at, versions, parent, hash, state]: SnapshotRow): StoredSnapshot {
  return {
    group,
    seq,
    at,
    // A cast: this file alone writes the column.
    versions: JSON.parse(versions) as StoredSnapshot['versions'],
    ...(parent !== null && { parent }),
    hash,
    state,
  };
}
