/** Entries of the journal as people read them: with names instead of numbers, of one request or of all in time order. */
import type { Entry } from './ports/journal.ts';
import type { Store } from './ports/store.ts';
import { publicState } from './protocol/states.ts';
import { partitionOf } from './protocol/topology.ts';
import { expand } from './runtime/transitions.ts';

/** One change of state, with names instead of numbers. */
export type RequestTransition = {
  seq: number;
  at: number;
  actor: string;
  from: string;
  to: string;
};

/** One entry of a request's event log. */
export type RequestEvent = {
  requestId: string;
  seq: number;
  at: number;
  type: string;
  to?: string;
  body?: unknown;
  parked?: string;
  transitions: readonly { actor: string; from: string; to: string }[];
};

/** A place in every partition's journal: by partition, the offset that was read last. */
export type Place = readonly number[];

export type EventLog = {
  /** The event log of one request from `after` on (a seq; default 0). */
  events(id: string, after?: number): AsyncIterable<RequestEvent>;
  /** Every change of state in the entries after `after` (a seq). */
  transitions(id: string, after: number): AsyncIterable<RequestTransition>;
  /** Events of all requests between two places, in the order of their times. */
  between(from: Place, to: Place): AsyncIterable<RequestEvent>;
  /** The place before the first entry that is not from before `at` (epoch milliseconds). */
  placeBefore(at: number): Promise<Place>;
  /** The place after all that is committed. */
  end(): Promise<Place>;
};

/** Names of a request's jobs in plan order. */
export type NamesOf = (id: string) => Promise<readonly string[]>;

/** Job names that are kept at hand, over all requests. */
const rememberedNames = 500_000;

export function createEventLog({ journal, blobs, partitions }: Store, namesOf: NamesOf): EventLog {
  const names = remembering(namesOf);

  const moves = async (id: string, entry: Entry): Promise<RequestEvent['transitions']> => {
    const jobNames = entry.transitions.some(({ actor }) => actor.startsWith('job/'))
      ? await names(id)
      : [];
    return entry.transitions.flatMap(({ actor, from, to }) =>
      expand(actor).map((address) => ({
        actor: nameOf(address, jobNames),
        from: publicState(from),
        to: publicState(to),
      })),
    );
  };

  const toEvent = async (requestId: string, entry: Entry): Promise<RequestEvent> => {
    const { seq, at, type, to, body, blob, parked } = entry;
    const text = blob === undefined ? body : await blobs.get(blob);
    return {
      requestId,
      seq,
      at,
      type,
      ...(to !== undefined && { to }),
      ...(text !== undefined && { body: JSON.parse(text) as unknown }),
      ...(parked !== undefined && { parked }),
      transitions: await moves(requestId, entry),
    };
  };

  const entriesOf = (id: string, after: number): AsyncIterable<Entry> =>
    journal.readGroup(partitionOf(id, partitions), id, after);

  const eachPartition = <T>(ask: (partition: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: partitions }, (_, partition) => ask(partition)));

  return {
    async *events(id, after = 0) {
      for await (const entry of entriesOf(id, after)) yield toEvent(id, entry);
    },
    async *transitions(id, after) {
      for await (const entry of entriesOf(id, after)) {
        for (const move of await moves(id, entry)) yield { seq: entry.seq, at: entry.at, ...move };
      }
    },
    async *between(from, to) {
      const sources = to.map((last, partition) =>
        upTo(journal.read(partition, from[partition] ?? 0), last),
      );
      for await (const entry of byTime(sources)) {
        if (entry.group !== undefined) yield toEvent(entry.group, entry);
      }
    },
    placeBefore: (at) => eachPartition((partition) => journal.lastBefore(partition, at)),
    end: () => eachPartition((partition) => journal.head(partition)),
  };
}

async function* upTo(entries: AsyncIterable<Entry>, last: number): AsyncGenerator<Entry> {
  for await (const entry of entries) {
    if (entry.offset > last) return;
    yield entry;
    if (entry.offset === last) return;
  }
}

/** Each source is in order; of the entries at hand the earliest goes first. */
async function* byTime(sources: readonly AsyncGenerator<Entry>[]): AsyncGenerator<Entry> {
  const waiting: { entry: Entry; source: AsyncGenerator<Entry> }[] = [];
  const take = async (source: AsyncGenerator<Entry>): Promise<void> => {
    const next = await source.next();
    if (next.done === true) return;
    const at = waiting.findIndex(({ entry }) => entry.at > next.value.at);
    waiting.splice(at === -1 ? waiting.length : at, 0, { entry: next.value, source });
  };
  for (const source of sources) await take(source);
  for (let first = waiting.shift(); first !== undefined; first = waiting.shift()) {
    yield first.entry;
    await take(first.source);
  }
}

/** Forgets the names of the request that was asked for longest ago. */
function remembering(namesOf: NamesOf): NamesOf {
  const known = new Map<string, readonly string[]>();
  let held = 0;
  return async (id) => {
    const names = known.get(id) ?? (await namesOf(id));
    // A chain that cannot be read has none yet.
    if (names.length === 0) return names;
    if (!known.delete(id)) held += names.length;
    known.set(id, names);
    for (const [oldest, { length }] of known) {
      if (held <= rememberedNames || oldest === id) break;
      known.delete(oldest);
      held -= length;
    }
    return names;
  };
}

/** `chain/main` is the chain, `job/17` the job by its name. */
function nameOf(address: string, jobNames: readonly string[]): string {
  if (address === 'chain/main') return 'chain';
  const [kind, id = ''] = address.split('/');
  return kind === 'job' ? `job/${jobNames[Number(id)] ?? id}` : address;
}
