/** A request as it was: its group stepped again up to an entry of its journal. */
import type { ChainJob } from '../actors/chainQueries.ts';
import { MillraceError } from './protocol/errors.ts';
import { shownJobs } from './protocol/shownJobs.ts';
import type { ShownJob } from './protocol/shownJobs.ts';
import { publicState } from './protocol/states.ts';
import { partitionOf } from './protocol/topology.ts';
import { ask, attemptOf } from './reader.ts';
import { rootState } from './runtime/group.ts';
import { loadGroup } from './runtime/load.ts';
import type { Loader } from './runtime/load.ts';
import { kindOf } from './runtime/registry.ts';
import { stateName } from './runtime/stateName.ts';

/** A job as it was. */
export type PastJob = ShownJob & {
  /** Attempts that were begun, over all retries. */
  attempts: number;
};

export type PastRequest = {
  id: string;
  type: string;
  state: string;
  /** The entry that it is shown after, and its time. */
  seq: number;
  at: number;
  /** The newest entry. */
  newestSeq: number;
  /** Every job in plan order; empty for a group that is no chain. */
  jobs: readonly PastJob[];
  /** Actors that live just then, and their states; a chain's jobs have one only while they run. */
  actors: readonly { address: string; state: string }[];
  /** Why it is parked, or cannot be followed up to here. */
  parked?: string;
};

/** Rejects with MillraceError `not-found`, or `usage` when the request has no such entry. */
export type At = (id: string, seq?: number) => Promise<PastRequest>;

export function createAt(loader: Loader): At {
  const { store, registry } = loader;
  return async (id, seq) => {
    const place = { partition: partitionOf(id, store.partitions), id };
    const resident = await loadGroup(loader, place, {
      ...(seq !== undefined && { untilSeq: seq }),
    });
    const { group, parked } = resident;
    const newestSeq = Math.max(group.seq, (await store.snapshots.head(id))?.seq ?? 0);
    if (newestSeq === 0) {
      throw new MillraceError('not-found', `request "${id}" does not exist in this store`);
    }
    if (seq !== undefined && (seq < 1 || group.seq < seq)) {
      throw new MillraceError(
        'usage',
        `request "${id}" has no entry ${seq}: its entries are 1 to ${newestSeq}, see \`millrace events ${id}\``,
      );
    }
    const status = ask(registry, resident, 'status');
    return {
      id,
      type: status?.type ?? kindOf(group.root),
      state: publicState(rootState(group)),
      seq: group.seq,
      at: group.at,
      newestSeq,
      jobs: pastJobs(ask(registry, resident, 'jobs') ?? [], (job) =>
        attemptOf(registry, resident, job),
      ),
      actors: [...group.actors].map(([address, { value }]) => ({
        address,
        state: publicState(stateName(value)),
      })),
      ...(parked !== undefined && { parked }),
    };
  };
}

function pastJobs(
  jobs: readonly ChainJob[],
  attemptOfJob: (job: number) => number | undefined,
): PastJob[] {
  return shownJobs(jobs).map(({ name, type, state, ...rest }, job) => {
    const { attempts = 0, isWaiting = false } = jobs[job] ?? {};
    const begun = (attemptOfJob(job) ?? attempts) - (isWaiting ? 1 : 0);
    return { name, type, state, attempts: begun, ...rest };
  });
}
