/** The plan of a request as it was stored: what would be done, whatever came of it. */
import type { PlanJob, PlanSequence } from '../machines/graph.ts';
import type { Store } from './ports/store.ts';
import { planJobs, planSequences } from './protocol/plans.ts';
import { partitionOf } from './protocol/topology.ts';

export type StoredPlan = {
  jobs: readonly PlanJob[];
  sequences: readonly PlanSequence[];
};

/** Without jobs for a group that is no chain. */
export async function storedPlan(
  { journal, blobs, partitions }: Store,
  id: string,
): Promise<StoredPlan> {
  const jobs: PlanJob[] = [];
  const sequences: PlanSequence[] = [];
  const fetch = (hash: string): Promise<string> => blobs.get(hash);
  for await (const entry of journal.readGroup(partitionOf(id, partitions), id, 0)) {
    if (entry.type !== 'chain.create') continue;
    for await (const some of planJobs(entry, fetch)) jobs.push(...some);
    for await (const some of planSequences(entry, fetch)) sequences.push(...some);
    break;
  }
  return { jobs, sequences };
}
