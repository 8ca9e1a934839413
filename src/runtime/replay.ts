/**
 * Replay with verification: steps a group's whole journal again, without snapshots, and compares
 * every transition, and every snapshot that is kept, with what was stored.
 */
import { emptyResident, loadGroup } from './load.ts';
import type { Loader } from './load.ts';

export type Verified = {
  id: string;
  /** Entries stepped again. */
  entries: number;
  /** Undefined when everything is as it was. */
  difference?: string;
};

/** Follows the journal from its first entry, and checks the newest snapshot on the way. */
export async function verifyGroup(
  loader: Loader,
  place: { partition: number; id: string },
): Promise<Verified> {
  const stored = await loader.store.snapshots.newest(place.id);
  const start = { from: emptyResident(place.id) };
  const half = await loadGroup(loader, place, { ...start, untilSeq: stored?.seq ?? 0 });
  const whole = await loadGroup(loader, place, { from: half });
  const verified = { id: place.id, entries: whole.group.seq };
  if (whole.isBroken === true) return { ...verified, difference: whole.parked ?? 'unknown' };
  if (stored === undefined) return verified;
  const again = (await loader.freezer.freeze(half.group, stored.parent ?? 0)).snapshot;
  if (again.hash === stored.hash) return verified;
  return {
    ...verified,
    difference: `the snapshot at seq ${stored.seq} is not what the journal gives`,
  };
}
