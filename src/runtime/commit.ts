/** Commits a batch: one append, at most one in flight, the identical write again until its outcome is known. */
import type { Entry } from '../ports/journal.ts';
import { DocumentError, FencedError, messageOf } from '../protocol/errors.ts';
import { isBusy } from './attempts/rows.ts';
import { loadGroup } from './load.ts';
import type { Arrival } from './mailbox.ts';
import type { Ownership } from './ownership.ts';
import { pause } from './pause.ts';
import type { Runtime } from './runtime.ts';
import type { Turned } from './turns.ts';

/** Entries in it are durable. Only `commit` makes one. */
export type Committed = { readonly committed: readonly Turned[] };

/** What a commit leaves: what stands, and what must be turned anew. */
type Outcome = { committed: Committed; left: Arrival[] };

/**
 * One append for the whole batch. An entry that the store refuses is refused alone: those before it
 * stand, those after it are left to be turned anew.
 */
export async function commit(
  runtime: Runtime,
  own: Ownership,
  turned: readonly Turned[],
): Promise<Outcome> {
  const entries = turned.flatMap(({ entry }) => entry ?? []);
  try {
    if (entries.length > 0) await append(runtime, entries);
    stand(runtime, own, entries);
    return { committed: { committed: turned }, left: [] };
  } catch (thrown) {
    if (!(thrown instanceof DocumentError)) throw thrown;
    const place = turned.findIndex(({ entry }) => entry === entries[thrown.index]);
    const [before, [refused, ...after]] = [turned.slice(0, place), turned.slice(place)];
    if (refused === undefined) throw thrown;
    stand(runtime, own, entries.slice(0, thrown.index));
    await takeBack(runtime, own, { before, after: turned.slice(place) });
    const { entry: _entry, standing: _standing, ...rest } = refused;
    const judged = { verdict: 'rejected', reason: thrown.message, code: 'document' } as const;
    return {
      committed: { committed: [...before, { ...rest, judged }] },
      left: after.map(({ arrival }) => arrival),
    };
  }
}

/** Memory ran ahead of the journal: groups that were turned from the refused entry on are as they are stored. */
async function takeBack(
  runtime: Runtime,
  own: Ownership,
  { before, after }: { before: readonly Turned[]; after: readonly Turned[] },
): Promise<void> {
  const groups = new Set(after.map(({ message }) => message?.group ?? ''));
  for (const id of groups) own.residents.delete(id);
  for (const { message, standing } of before) {
    if (message === undefined || standing === undefined || !groups.delete(message.group)) continue;
    standing.resident = await loadGroup(runtime, { partition: own.partition, id: message.group });
  }
}

/** Notes that entries are durable, and tells who listens. */
function stand(runtime: Runtime, own: Ownership, entries: readonly Entry[]): void {
  own.head += entries.length;
  for (const id of own.uncommitted.keys()) {
    const group = own.residents.get(id)?.group;
    runtime.valve.note(own.partition, id, group !== undefined && isBusy(group.obligations));
  }
  own.uncommitted = new Map();
  runtime.feed.committed(entries);
  runtime.announcer?.committed(own, entries);
}

/**
 * Resolves when all entries are durable. Rejects with FencedError when another owner wrote one of
 * these offsets, with DocumentError when one cannot be stored (those before it are durable).
 */
export async function append(runtime: Runtime, entries: readonly Entry[]): Promise<void> {
  let done = 0;
  const partition = entries[0]?.partition ?? 0;
  for (let failures = 0; done < entries.length;) {
    try {
      const appended = await runtime.store.journal.append(entries.slice(done));
      if (failures > 0) runtime.pace.works(partition);
      if (appended.outcome === 'appended') return;
      done = await afterOurs(runtime, entries, appended.offset);
    } catch (thrown) {
      if (thrown instanceof FencedError) throw thrown;
      if (thrown instanceof DocumentError)
        throw new DocumentError(done + thrown.index, thrown.message, { cause: thrown });
      if (runtime.stopping.signal.aborted) throw thrown;
      failures += 1;
      runtime.pace.fails(partition, messageOf(thrown));
      runtime.log.warn({ err: thrown, partition, failures }, 'append failed; trying again');
      await pause(runtime, failures);
    }
  }
}

/** Entries that are there and ours were written by an append whose answer was lost: go on after them. */
async function afterOurs(
  runtime: Runtime,
  entries: readonly Entry[],
  offset: number,
): Promise<number> {
  const index = entries.findIndex((entry) => entry.offset === offset);
  const ours = entries[index];
  if (ours === undefined)
    throw new FencedError(`the journal answered with offset ${offset}, which was not written`);
  let done = index;
  for await (const stored of runtime.store.journal.read(ours.partition, offset - 1)) {
    const next = entries[done];
    if (stored.offset !== next?.offset || stored.token !== next.token) break;
    done += 1;
  }
  if (done > index) return done;
  throw new FencedError(
    `entry ${offset} of partition ${ours.partition} was written by another host`,
  );
}
