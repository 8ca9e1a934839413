/**
 * The lazy writes of a partition: heads, snapshots, timer rows, and last how far everything is
 * released. Whatever a crash leaves undone here is made again from the journal.
 */
import type { Head } from '../ports/snapshots.ts';
import type { TimerRow } from '../ports/timers.ts';
import { rootState } from './group.ts';
import type { Group } from './group.ts';
import { owesNothing } from './obligations.ts';
import type { Ownership } from './ownership.ts';
import type { Resident } from './parking.ts';
import { kindOf } from './registry.ts';
import type { Registry } from './registry.ts';
import type { Runtime } from './runtime.ts';
import type { Frost } from './snapshots.ts';

/** A group gets a snapshot after this many entries, more when it is large: n entries cost O(n) in all. */
const entriesASnapshot = 64;

type Settled = {
  id: string;
  resident: Resident;
  head: Head;
  timers: TimerChanges;
  frost?: Frost;
};

/** What the timer index lacks, what it has too much, and what it then holds. */
type TimerChanges = { put: TimerRow[]; remove: TimerRow[]; rows: ReadonlyMap<string, TimerRow> };

/** Writes what is due for the groups whose entries are all released; the others wait for the next. */
export async function checkpoint(runtime: Runtime, own: Ownership): Promise<void> {
  const { store } = runtime;
  const { released } = own;
  const fresh = new Map<string, string>();
  const settled = [...own.touched].flatMap((id) => settle(runtime, own, { id, released, fresh }));
  await Promise.all([
    store.blobs.put(fresh),
    ...settled.map(({ frost }) =>
      frost === undefined ? undefined : store.snapshots.put(frost.snapshot),
    ),
  ]);
  await Promise.all([
    store.snapshots.putHeads(settled.map(({ head }) => head)),
    store.timers.put(settled.flatMap(({ timers }) => timers.put)),
    store.timers.remove(settled.flatMap(({ timers }) => timers.remove)),
  ]);
  await store.journal.checkpoint({
    partition: own.partition,
    released,
    epoch: runtime.broker.epoch,
    versions: runtime.registry.versions,
    owing: [...new Set([...own.owing.keys(), ...own.resends.groups()])],
  });
  for (const item of settled) finish(own, item);
}

function settle(
  runtime: Runtime,
  own: Ownership,
  { id, released, fresh }: { id: string; released: number; fresh: Map<string, string> },
): Settled[] {
  const resident = own.residents.get(id);
  if (resident !== undefined && resident.offset > released) return [];
  own.touched.delete(id);
  if (resident === undefined || resident.group.seq === 0) return [];
  const frost = isSnapshotDue(resident)
    ? runtime.freezer.freeze(resident.group, resident.snapshotSeq)
    : undefined;
  for (const [hash, text] of frost?.fresh ?? []) fresh.set(hash, text);
  const snapshotSeq = frost?.snapshot.seq ?? resident.snapshotSeq;
  const head = headOf(runtime.registry, own.partition, resident, snapshotSeq);
  const timers = timerChanges(own.partition, resident);
  return [{ id, resident, head, timers, ...(frost !== undefined && { frost }) }];
}

function isSnapshotDue({ group, snapshotSeq, parked }: Resident): boolean {
  const entries = group.seq - snapshotSeq;
  if (parked !== undefined || entries === 0) return false;
  return entries >= Math.max(entriesASnapshot, snapshotSeq / 2) || owesNothing(group.obligations);
}

function headOf(registry: Registry, partition: number, resident: Resident, snapshot: number): Head {
  const { group, parked, kept } = resident;
  const isWaitingForUnpark = parked !== undefined && kept.length > 0;
  return {
    group: group.id,
    partition,
    type: typeOf(registry, group),
    state: rootState(group),
    seq: group.seq,
    snapshot,
    active: parked !== undefined ? !isWaitingForUnpark : !owesNothing(group.obligations),
    ...(parked !== undefined && { parked }),
    createdAt: group.createdAt,
    updatedAt: group.at,
  };
}

/** What the root calls itself, by its query `type`; else its kind. */
function typeOf(registry: Registry, group: Group): string {
  const snapshot = group.actors.get(group.root);
  if (snapshot === undefined) return '';
  const kind = kindOf(group.root);
  const type = registry.kind(kind).definition.queries?.['type']?.(snapshot);
  return typeof type === 'string' ? type : kind;
}

function timerChanges(partition: number, { group, timerRows }: Resident): TimerChanges {
  const rows = new Map<string, TimerRow>();
  for (const { seq, n, due } of group.obligations.timers.values()) {
    rows.set(`${seq}/${n}`, { partition, group: group.id, seq, n, due });
  }
  return {
    put: [...rows].filter(([id]) => !timerRows.has(id)).map(([, row]) => row),
    remove: [...timerRows].filter(([id]) => !rows.has(id)).map(([, row]) => row),
    rows,
  };
}

/** Notes what is stored now; a group that owes nothing needs no memory. */
function finish(own: Ownership, { id, resident, frost, timers }: Settled): void {
  frost?.stored();
  const now = own.residents.get(id);
  if (now === undefined) return;
  const isUnchanged = now.offset === resident.offset;
  if (isUnchanged && resident.parked === undefined && owesNothing(resident.group.obligations)) {
    own.residents.delete(id);
    return;
  }
  const snapshotSeq = frost?.snapshot.seq ?? now.snapshotSeq;
  own.residents.set(id, { ...now, snapshotSeq, timerRows: timers.rows });
}
