/**
 * A request that has ended, read for another that retries it: its plan, what became of each job, and its value
 * log. Nothing of it is changed.
 */
import type { ChainContext } from '../../machines/chain.ts';
import type { Ended } from '../gateway/retries.ts';
import { MillraceError } from '../protocol/errors.ts';
import { isTerminal, publicState } from '../protocol/states.ts';
import { partitionOf } from '../protocol/topology.ts';
import { rootState } from '../runtime/group.ts';
import type { Group } from '../runtime/group.ts';
import { loadGroup } from '../runtime/load.ts';
import type { Loader } from '../runtime/load.ts';
import { kindOf } from '../runtime/registry.ts';

/** Rejects with MillraceError `not-found`, or `state` for one that has not ended or cannot be read. */
export function endedIn(loader: Loader): (id: string) => Promise<Ended> {
  const { store, freezer } = loader;
  return async (id) => {
    const place = { partition: partitionOf(id, store.partitions), id };
    const { group, parked, isBroken = false } = await loadGroup(loader, place);
    if (isBroken) throw refusal(id, `it cannot be read: ${parked ?? ''}; start a new request`);
    const { requestType, args, user, labels, jobs, sequences, maxStarted, progress } =
      chainOf(group);
    const state = publicState(rootState(group));
    if (!isTerminal(state)) throw refusal(id, `it is ${state}; ${remedyOf(state)}`);
    return {
      state,
      requestType,
      args,
      ...(user !== undefined && { user }),
      ...(labels !== undefined && { labels }),
      plan: { jobs: jobs.chunks.flat(), sequences: sequences.chunks.flat(), maxStarted },
      rows: progress.rows.chunks.flat(),
      async values() {
        const { frozen, fresh } = await freezer.freezeValues(group.values);
        if (fresh.size > 0) await store.blobs.put(fresh);
        return frozen;
      },
    };
  };
}

function refusal(id: string, why: string): MillraceError {
  return new MillraceError('state', `request "${id}" cannot be retried: ${why}`);
}

function remedyOf(state: string): string {
  return state === 'SUSPENDED'
    ? 'resume it, or stop it first'
    : 'wait for its end, or stop it first';
}

/** A cast: a chain's actor is of our own machine. */
function chainOf({ id, root, actors }: Group): ChainContext {
  if (root === '') {
    throw new MillraceError(
      'not-found',
      `request "${id}" does not exist in this store; \`millrace status\` lists those that do`,
    );
  }
  const chain = kindOf(root) === 'chain' ? actors.get(root) : undefined;
  if (chain === undefined)
    throw refusal(id, `it is no chain but a group of kind "${kindOf(root)}"`);
  return chain.context as ChainContext;
}
