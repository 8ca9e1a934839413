/**
 * Judges a journal and its chains, whatever store they are in: for kill.test.ts, which kills one process, and
 * for the suites that break a cluster.
 */
import { isDeepStrictEqual } from 'node:util';
import type { OpenReader } from '../../src/openReader.ts';
import type { Entry } from '../../src/ports/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import { partitionClaim } from '../../src/runtime/ownership.ts';
import type { CrashChain } from './crashChain.ts';
import { endFromJournal, endFromSeed, planIn } from './crashExpected.ts';

/** What is asked of a store's reader. */
export type ChainReader = Pick<OpenReader, 'status' | 'jobs' | 'verify'>;

/** How a chain has ended; throws where that is not what its journal and its seed say. */
export async function judgeChain(
  reader: ChainReader,
  { id, role }: CrashChain,
  entries: readonly Entry[],
): Promise<string> {
  await verify(reader, id);
  const { state, parked } = await reader.status(id);
  if (parked !== undefined) throw new Error(`${id} is parked: ${parked}`);
  const jobs = (await reader.jobs(id)).map(({ name, state, attempts }) => ({
    name,
    state,
    attempts,
  }));
  same(
    `${id} by its journal`,
    withoutNoops({ state, jobs }),
    withoutNoops(endFromJournal(id, entries)),
  );
  if (role === 'plain') {
    same(
      `${id} by its seed`,
      withoutNoops({ state, jobs }),
      withoutNoops(endFromSeed(id, planIn(entries))),
    );
  }
  if (!['COMPLETE', 'FAIL', ...(role === 'stop' ? ['STOPPED'] : [])].includes(state)) {
    throw new Error(`${id} ended ${state}`);
  }
  return state;
}

/** How often a sequence's begin and end were passed is no attempt. */
function withoutNoops<J extends { name: string }>(end: { state: string; jobs: J[] }) {
  return { ...end, jobs: end.jobs.filter(({ name }) => !name.startsWith('sequence_')) };
}

/** Throws where stepping the journal again gives something else. */
export async function verify(reader: ChainReader, id: string): Promise<void> {
  const { difference } = await reader.verify(id);
  if (difference !== undefined) throw new Error(`verify ${id}: ${difference}`);
}

/** A chain that has ended owes nothing, is listed as such, and has a snapshot of its end. */
export async function judgeRest(store: Store, id: string): Promise<void> {
  const head = await store.snapshots.head(id);
  const newest = await store.snapshots.newest(id);
  if (head?.active !== false) throw new Error(`${id} has ended and its head says active`);
  if (newest?.seq !== head.seq)
    throw new Error(`${id} ended at ${head.seq}, its snapshot is ${newest?.seq}`);
}

/** Entries by group; throws where the journal is not dense, an ownership wrote after the next claim, or one is parked that is not to be. */
export async function readGroups(
  store: Store,
  parked: readonly string[] = [],
): Promise<Map<string, Entry[]>> {
  const groups = new Map<string, Entry[]>();
  for (let partition = 0; partition < store.partitions; partition += 1) {
    let before: Entry | undefined;
    for await (const entry of store.journal.read(partition, 0)) {
      judgeEntry(before, entry, parked);
      before = entry;
      if (entry.group === undefined) continue;
      const list = groups.get(entry.group) ?? [];
      groups.set(entry.group, list);
      if (list.push(entry) !== entry.seq)
        throw new Error(`${entry.group} has no entry ${list.length}`);
    }
    const { released = 0 } = (await store.journal.partition(partition)) ?? {};
    const head = before?.offset ?? 0;
    if (released > head)
      throw new Error(`partition ${partition} is released to ${released}, its head is ${head}`);
  }
  return groups;
}

function judgeEntry(before: Entry | undefined, entry: Entry, parked: readonly string[]): void {
  const where = `entry ${entry.offset} of partition ${entry.partition}`;
  if (entry.offset !== (before?.offset ?? 0) + 1) throw new Error(`${where} leaves a gap`);
  if (entry.at < (before?.at ?? 0)) throw new Error(`${where} is older than the one before it`);
  const isClaim = entry.type === partitionClaim;
  if (isClaim === (entry.token === before?.token))
    throw new Error(`${where} is not of its ownership`);
  if (entry.parked !== undefined && !parked.includes(entry.group ?? ''))
    throw new Error(`${where} is parked: ${entry.parked}`);
}

/** Throws with both when they differ. */
export function same(what: string, seen: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(seen, wanted)) return;
  throw new Error(`${what}: is ${JSON.stringify(seen)}, should be ${JSON.stringify(wanted)}`);
}
