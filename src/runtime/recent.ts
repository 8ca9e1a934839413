/**
 * What a new owner reads of its partition's journal: the entries that were not released and, where a question to the
 * store may take its time, some before them. Groups that are at work lie in these, so that few must be asked for.
 */
import type { Clock } from '../ports/clock.ts';
import type { Entry } from '../ports/journal.ts';
import { FencedError, MillraceError } from '../protocol/errors.ts';
import type { Runtime } from './runtime.ts';

/** So many entries before those that were not released, unless their bodies are longer than this in all. */
const entriesBefore = 1000;
const lengthBefore = 4 * 1024 * 1024;

/** Who is at work is heard of within this time. */
const keptMs = 60_000;

/** Newest entries of groups that have not been loaded since: nothing has been added to these. */
export class Recent {
  readonly #tails = new Map<string, Entry[]>();
  readonly #takeBack: () => void;

  constructor(clock: Clock, entries: readonly Entry[]) {
    for (const entry of entries) {
      const tail = this.#tails.get(entry.group ?? '');
      if (tail !== undefined) tail.push(entry);
      else if (entry.group !== undefined) this.#tails.set(entry.group, [entry]);
    }
    this.#takeBack = clock.after(keptMs, () => this.#tails.clear());
  }

  /** Once, as the group is loaded with them and goes on from there. */
  take(group: string): { tail?: readonly Entry[] } {
    const tail = this.#tails.get(group);
    this.#tails.delete(group);
    return tail === undefined ? {} : { tail };
  }

  /** Nothing is kept any longer. */
  end(): void {
    this.#takeBack();
    this.#tails.clear();
  }
}

/** Up to our claim; throws when the journal is not dense or not ours to own. */
export async function readNewest(
  { store, broker }: Pick<Runtime, 'store' | 'broker'>,
  claim: Entry,
  released: number,
): Promise<{ before: Entry[]; unreleased: Entry[] }> {
  let before: Entry[] = [];
  let length = 0;
  const unreleased: Entry[] = [];
  let last = Math.max(0, released - (broker.isRemote ? entriesBefore : 0));
  for await (const entry of store.journal.read(claim.partition, last)) {
    if (entry.offset !== last + 1) throw gap(claim.partition, last + 1);
    last = entry.offset;
    if (last > released) unreleased.push(entry);
    else {
      before.push(entry);
      length += entry.body?.length ?? 0;
      if (length > lengthBefore) [before, length] = [[], 0];
    }
  }
  if (unreleased.at(-1)?.token !== claim.token)
    throw new FencedError(`partition ${claim.partition} was claimed by another host`);
  return { before: await afterSnapshots(store, before), unreleased };
}

/** A snapshot goes before its entries: changed code may step what comes after it, and not what led to it. */
async function afterSnapshots(
  { snapshots }: Runtime['store'],
  entries: readonly Entry[],
): Promise<Entry[]> {
  const groups = new Set(entries.flatMap(({ group }) => group ?? []));
  const seqs =
    groups.size === 0 ? new Map<string, number>() : await snapshots.newestSeqs([...groups]);
  return entries.filter(({ group = '', seq }) => seq > (seqs.get(group) ?? 0));
}

function gap(partition: number, offset: number): MillraceError {
  return new MillraceError(
    'store',
    `partition ${partition} has no entry ${offset}; the store is damaged`,
  );
}
