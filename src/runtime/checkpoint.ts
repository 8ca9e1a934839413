/**
 * The lazy writes of a partition: heads, snapshots, timer rows, and last how far everything is
 * released. Whatever a crash leaves undone here is made again from the journal.
 */
import type { Head } from '../ports/snapshots.ts';
import type { TimerRow } from '../ports/timers.ts';
import { rootState } from './group.ts';
import type { Group } from './group.ts';
import { nextTurn, slices } from './nextTurn.ts';
import { owesNothing } from './obligations.ts';
import type { Ownership } from './ownership.ts';
import type { Resident } from './parking.ts';
import { kindOf } from './registry.ts';
import type { Registry } from './registry.ts';
import type { Runtime } from './runtime.ts';
import type { Frost } from './snapshots.ts';

/** A group gets a snapshot after this many entries, more when it is large: n entries cost O(n) in all. */
const entriesASnapshot = 64;

/** After so many groups everybody else gets a turn of the event loop. */
const groupsInARow = 50;

type Settled = {
  resident: Resident;
  head: Head;
  timers: TimerChanges;
  frost?: Frost;
};

/** What the timer index lacks, what it has too much, and what it then holds. */
type TimerChanges = { put: TimerRow[]; remove: TimerRow[]; rows: ReadonlyMap<string, TimerRow> };

/** Writes what is due for the groups that have changed, as all that is released of them leaves them. */
export async function checkpoint(runtime: Runtime, own: Ownership): Promise<void> {
  const { store } = runtime;
  const { released } = own;
  const touched = [...own.touched.values()];
  own.touched = new Map();
  const settled: Settled[] = [];
  const breathe = slices(runtime.clock);
  for (const resident of touched) {
    if (resident.group.seq > 0) settled.push(await settle(runtime, own, resident));
    await breathe();
  }
  own.lost.throwIfAborted();
  await Promise.all([
    store.snapshots.putHeads(settled.map(({ head }) => head)),
    store.timers.put(settled.flatMap(({ timers }) => timers.put)),
    store.timers.remove(settled.flatMap(({ timers }) => timers.remove)),
  ]);
  await store.journal.checkpoint({
    partition: own.partition,
    released,
    epoch: own.epoch,
    versions: runtime.registry.versions,
    owing: [...new Set([...own.owing.keys(), ...own.resends.groups()])],
  });
  for (const item of settled) finish(runtime, own, item);
  await runtime.memory.relieve(runtime);
}

/** Time that a partition which is let go may take for snapshots; the next owner steps the rest. */
const dirtyMs = 2000;

/** Stores a snapshot of every group in memory that has entries since its last one. */
export async function snapshotDirty(runtime: Runtime, own: Ownership): Promise<void> {
  const { store, clock, freezer } = runtime;
  const until = clock.monotonic() + dirtyMs;
  let written = 0;
  for (const { group, snapshotSeq, parked } of own.residents.values()) {
    if (parked !== undefined || group.seq <= snapshotSeq) continue;
    own.lost.throwIfAborted();
    if (clock.monotonic() > until) return;
    const frost = await freezer.freeze(group, snapshotSeq);
    await store.blobs.put(frost.fresh);
    await store.snapshots.put(frost.snapshot);
    frost.stored();
    written += 1;
    if (written % groupsInARow === 0) await nextTurn();
  }
}

/** Says what is to be stored of a group; its snapshot, if one is due, is on its way when this resolves. */
async function settle(runtime: Runtime, own: Ownership, touched: Resident): Promise<Settled> {
  // What was stored since the group was touched is known only to the one in memory.
  const { snapshotSeq, timerRows } = own.residents.get(touched.group.id) ?? touched;
  const resident = { ...touched, snapshotSeq, timerRows };
  const frost = isSnapshotDue(resident)
    ? await runtime.freezer.freeze(resident.group, snapshotSeq)
    : undefined;
  if (frost !== undefined) {
    await runtime.store.blobs.put(frost.fresh);
    await runtime.store.snapshots.put(frost.snapshot);
  }
  const head = headOf(
    runtime.registry,
    own.partition,
    resident,
    frost?.snapshot.seq ?? snapshotSeq,
  );
  const timers = timerChanges(own.partition, resident);
  return { resident, head, timers, ...(frost !== undefined && { frost }) };
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
export function typeOf(registry: Registry, group: Group): string {
  const snapshot = group.actors.get(group.root);
  if (snapshot === undefined) return '';
  const kind = kindOf(group.root);
  const type = registry.find(kind)?.definition.queries?.['type']?.(snapshot);
  return typeof type === 'string' ? type : kind;
}

function timerChanges(partition: number, { group, timerRows }: Resident): TimerChanges {
  if (group.obligations.timers.size + timerRows.size === 0)
    return { put: [], remove: [], rows: timerRows };
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
function finish(runtime: Runtime, own: Ownership, { resident, frost, timers }: Settled): void {
  frost?.stored();
  const { id } = resident.group;
  const now = own.residents.get(id);
  if (now === undefined) return;
  const isUnchanged = now.offset === resident.offset;
  if (isUnchanged && resident.parked === undefined && owesNothing(resident.group.obligations)) {
    own.residents.delete(id);
    runtime.memory.forget(id);
    return;
  }
  const snapshotSeq = frost?.snapshot.seq ?? now.snapshotSeq;
  own.residents.set(id, { ...now, snapshotSeq, timerRows: timers.rows });
  runtime.memory.note(own, now.group);
}
