/** Which requests there are: the newest, and those that a part of an id could mean. Looks into none of them. */
import type { Head } from './ports/snapshots.ts';
import type { Store } from './ports/store.ts';
import { partitionOf } from './protocol/topology.ts';

export type Heads = {
  /** Requests whose id is this text, or else begins or ends with it, newest first; at most `limit`. */
  matching(part: string, limit: number): Promise<string[]>;
  /** The newest requests; default 20. */
  list(limit?: number): Promise<Head[]>;
};

export function createHeads({ snapshots, journal, partitions }: Store): Heads {
  return {
    async matching(part, limit) {
      if ((await snapshots.head(part)) !== undefined) return [part];
      // Its head may be written after its first entry.
      for await (const { group } of journal.readGroup(partitionOf(part, partitions), part, 0))
        if (group !== undefined) return [group];
      return (await snapshots.matching(part, limit)).map(({ group }) => group);
    },
    // A group of which nothing was accepted yet is no request.
    list: async (limit = 20) =>
      (await snapshots.heads(limit)).filter(
        ({ type, parked }) => type !== '' || parked !== undefined,
      ),
  };
}
