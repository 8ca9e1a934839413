/**
 * Loads a group: its newest snapshot, then the journal's entries after it, each stepped again and
 * compared with what it did the first time. A difference is reported, never papered over.
 */
import type { Entry, Transition } from '../ports/journal.ts';
import type { Store } from '../ports/store.ts';
import { messageOf, MillraceError, PermanentError } from '../protocol/errors.ts';
import { withChunks } from './bodies.ts';
import { emptyGroup } from './group.ts';
import type { Notice } from './group.ts';
import { incomingOf } from './incoming.ts';
import type { Incoming } from './incoming.ts';
import { judge, keep } from './parking.ts';
import type { Resident } from './parking.ts';
import type { Registry } from './registry.ts';
import type { Freezer } from './snapshots.ts';

export type Loader = { store: Store; registry: Registry; freezer: Freezer };

/** A group that nothing is stored of. */
export function emptyResident(id: string): Resident {
  return { group: emptyGroup(id), kept: [], offset: 0, snapshotSeq: 0, timerRows: new Map() };
}

export type LoadOptions = {
  untilSeq?: number;
  /** Goes on from here; default: the newest snapshot. */
  from?: Resident;
  /** The group's newest entries, from one of them on, where they are at hand: the journal is not asked for these. */
  tail?: readonly Entry[];
  /** There is none, so the store is not asked for it. */
  snapshot?: 0;
  /** Called with what each entry that is stepped again tells the world. */
  onNotices?: (entry: Entry, notices: readonly Notice[]) => void;
};

/**
 * The group as it stands in the store, at `untilSeq` if given. One that cannot be followed comes back
 * parked and broken, saying why and at which entry.
 */
export async function loadGroup(
  loader: Loader,
  place: { partition: number; id: string },
  options: LoadOptions = {},
): Promise<Resident> {
  let resident = options.from ?? (await begun(loader, place.id, options));
  for await (const entry of entriesAfter(loader, place, resident.group.seq, options.tail)) {
    if (options.untilSeq !== undefined && entry.seq > options.untilSeq) break;
    resident =
      resident.isBroken === true
        ? skipped(resident, entry)
        : await again(loader, resident, entry, options);
  }
  return resident;
}

/** From the newest snapshot; from nothing where all entries are at hand. */
function begun(
  loader: Loader,
  id: string,
  { tail, snapshot, untilSeq }: LoadOptions,
): Promise<Resident> | Resident {
  return tail?.[0]?.seq === 1 || snapshot === 0 ? emptyResident(id) : thawed(loader, id, untilSeq);
}

async function* entriesAfter(
  { store }: Loader,
  { partition, id }: { partition: number; id: string },
  seq: number,
  tail: readonly Entry[] = [],
): AsyncGenerator<Entry> {
  const first = tail[0]?.seq ?? Infinity;
  if (first > seq + 1) {
    for await (const entry of store.journal.readGroup(partition, id, seq)) {
      if (entry.seq >= first) break;
      yield entry;
    }
  }
  for (const entry of tail) if (entry.seq > seq) yield entry;
}

async function thawed(loader: Loader, id: string, untilSeq: number | undefined): Promise<Resident> {
  const stored = await loader.store.snapshots.newest(id, untilSeq);
  if (stored === undefined) return emptyResident(id);
  const base = { ...emptyResident(id), snapshotSeq: stored.seq };
  try {
    return { ...base, group: await loader.freezer.thaw(stored) };
  } catch (cause) {
    return broken(
      { ...base, group: { ...base.group, seq: stored.seq } },
      `its snapshot at seq ${stored.seq} cannot be read: ${messageOf(cause)}`,
    );
  }
}

async function again(
  loader: Loader,
  resident: Resident,
  entry: Entry,
  { onNotices }: LoadOptions,
): Promise<Resident> {
  const message = await wholeOf(loader, entry);
  if ('problem' in message) return skipped(broken(resident, message.problem), entry);
  if (entry.parked !== undefined)
    return { ...keep(resident, entry, message.body), offset: entry.offset };
  const judged = judge(loader.registry, resident, message, entry.at);
  const problem = difference(
    judged.verdict === 'accepted' ? judged.turned.transitions : judged,
    entry,
  );
  if (problem !== undefined) return skipped(broken(resident, problem), entry);
  if (judged.verdict === 'accepted') onNotices?.(entry, judged.turned.notices);
  return { ...judged.next, offset: entry.offset };
}

/** The entry's message with all that lies in blobs; or which of these is lost. */
async function wholeOf(loader: Loader, entry: Entry): Promise<Incoming | { problem: string }> {
  const message = incomingOf(entry);
  try {
    const body = entry.blob === undefined ? entry.body : await loader.store.blobs.get(entry.blob);
    return await withChunks(loader, { ...message, ...(body !== undefined && { body }) });
  } catch (thrown) {
    const isLost = thrown instanceof MillraceError && thrown.code === 'store';
    if (!isLost && !(thrown instanceof PermanentError)) throw thrown;
    const what = `the body of entry ${entry.seq} (${entry.type})`;
    return { problem: `${what} cannot be read: ${thrown.message}` };
  }
}

/** What stepping an entry again did differently; undefined when it did the same. */
function difference(
  again: Entry['transitions'] | { verdict: string; reason?: string },
  entry: Entry,
): string | undefined {
  const where = `entry ${entry.seq} (${entry.type}) replays differently`;
  if ('verdict' in again) {
    return `${where}: it was accepted and is now ${again.verdict}${again.reason === undefined ? '' : `, ${again.reason}`}`;
  }
  if (isSame(again, entry.transitions)) return undefined;
  return `${where}: it was ${JSON.stringify(entry.transitions)} and is now ${JSON.stringify(again)}`;
}

function isSame(again: Entry['transitions'], first: Entry['transitions']): boolean {
  const isAlike = ({ actor, from, to }: Transition, n: number): boolean => {
    const then = first[n];
    return then?.actor === actor && then.from === from && then.to === to;
  };
  return again.length === first.length && again.every(isAlike);
}

function broken(resident: Resident, reason: string): Resident {
  return { ...resident, parked: reason, isBroken: true };
}

function skipped(resident: Resident, entry: Entry): Resident {
  return {
    ...resident,
    group: { ...resident.group, seq: entry.seq, at: entry.at },
    offset: entry.offset,
  };
}
