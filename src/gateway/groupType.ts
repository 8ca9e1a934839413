/** What a group is, as far as the store knows. */
import type { Store } from '../ports/store.ts';
import { partitionOf } from '../protocol/topology.ts';

type Stores = Pick<Store, 'snapshots' | 'journal' | 'blobs' | 'partitions'>;

/**
 * The type of a request, or the kind of another group's first actor; undefined for none. Its head may be
 * written after its first entry.
 */
export async function groupType(store: Stores, id: string): Promise<string | undefined> {
  const { snapshots, journal, blobs, partitions } = store;
  const head = await snapshots.head(id);
  if (head !== undefined) return head.type;
  for await (const entry of journal.readGroup(partitionOf(id, partitions), id, 0)) {
    const { type, to = '', blob = '' } = entry;
    if (type !== 'chain.create') return to.slice(0, to.indexOf('/'));
    return requestTypeIn(entry.body ?? (await blobs.get(blob)));
  }
  return undefined;
}

/** A cast: an entry's body has fitted its schema. */
function requestTypeIn(create: string): string {
  return (JSON.parse(create) as { requestType: string }).requestType;
}
