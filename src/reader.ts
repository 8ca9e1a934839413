/**
 * Questions about requests, answered from a store: beside a running host or without any. Nothing here
 * changes anything.
 */
import type { ChainJob, ChainStatus } from '../actors/chainQueries.ts';
import type { Entry } from './ports/journal.ts';
import type { Head } from './ports/snapshots.ts';
import type { Store } from './ports/store.ts';
import { MillraceError } from './protocol/errors.ts';
import { publicState } from './protocol/states.ts';
import { partitionOf } from './protocol/topology.ts';
import { rootState } from './runtime/group.ts';
import type { Resident } from './runtime/parking.ts';
import { kindOf } from './runtime/registry.ts';
import type { Registry } from './runtime/registry.ts';
import { expand } from './runtime/transitions.ts';

/** A request as people see it. */
export type RequestStatus = {
  id: string;
  type: string;
  /** PENDING, RUNNING, STOPPING, SUSPENDING, SUSPENDED, COMPLETE, FAIL or STOPPED. */
  state: string;
  args: unknown;
  user?: string;
  /** Jobs by state, in small letters. */
  counts: Readonly<Record<'pending' | 'running' | 'complete' | 'failed' | 'stopped', number>>;
  total: number;
  running: readonly { name: string; type: string; attempt: number }[];
  /** The last failures, newest last. */
  failures: readonly { name: string; reason: string }[];
  /** Why its messages are kept unstepped. */
  parked?: string;
  /** Epoch milliseconds. */
  createdAt: number;
  updatedAt: number;
};

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
  seq: number;
  at: number;
  type: string;
  to?: string;
  body?: unknown;
  parked?: string;
  transitions: readonly { actor: string; from: string; to: string }[];
};

/** Requests whose job names are kept at hand. */
const rememberedNames = 100;

/** What a chain answers to each question (actors/chain.ts). */
type Answers = { status: ChainStatus; jobs: ChainJob[] };

/** Where a group can be had: a host's memory, or a store. */
export type GroupSource = (id: string) => Promise<Resident>;

export type Reader = {
  /** Rejects with MillraceError `not-found`. */
  status(id: string): Promise<RequestStatus>;
  /** Only the state, without looking at the jobs. */
  state(id: string): Promise<{ state: string; parked?: string }>;
  /** Every job in plan order. */
  jobs(id: string): Promise<ChainJob[]>;
  /** The event log from `after` on (a seq; default 0). */
  events(id: string, after?: number): AsyncIterable<RequestEvent>;
  /** Every change of state in the entries after `after` (a seq), with the names of the request's jobs. */
  transitions(id: string, after: number): AsyncIterable<RequestTransition>;
  /** Requests whose id is this text, or else begins or ends with it, newest first; at most `limit`. */
  matching(part: string, limit: number): Promise<string[]>;
  /** The newest requests. */
  list(limit?: number): Promise<Head[]>;
};

export function createReader(store: Store, registry: Registry, groupOf: GroupSource): Reader {
  const names = new Map<string, readonly string[]>();

  const found = async (id: string): Promise<Resident> => {
    const resident = await groupOf(id);
    if (resident.group.seq > 0) return resident;
    throw new MillraceError(
      'not-found',
      `request "${id}" does not exist in this store; \`millrace status\` lists those that do`,
    );
  };

  const ask = <Query extends keyof Answers>(
    { group }: Resident,
    query: Query,
  ): Answers[Query] | undefined => {
    const snapshot = group.actors.get(group.root);
    if (snapshot === undefined) return undefined;
    const answer = registry.kind(kindOf(group.root)).definition.queries?.[query]?.(snapshot);
    return answer as Answers[Query] | undefined;
  };

  const jobs = async (id: string): Promise<ChainJob[]> => ask(await found(id), 'jobs') ?? [];

  const namesOf = async (id: string): Promise<readonly string[]> => {
    const known = names.get(id) ?? (await jobs(id)).map(({ name }) => name);
    // Set anew, so that the oldest goes first; a chain that cannot be read has none yet.
    names.delete(id);
    if (known.length > 0) names.set(id, known);
    for (const oldest of names.keys()) {
      if (names.size <= rememberedNames) break;
      names.delete(oldest);
    }
    return known;
  };

  const named = async (id: string, entry: Entry): Promise<RequestEvent['transitions']> => {
    const jobNames = entry.transitions.some(({ actor }) => actor.startsWith('job/'))
      ? await namesOf(id)
      : [];
    return entry.transitions.flatMap(({ actor, from, to }) =>
      expand(actor).map((address) => ({
        actor: nameOf(address, jobNames),
        from: publicState(from),
        to: publicState(to),
      })),
    );
  };

  const entriesOf = (id: string, after: number): AsyncIterable<Entry> =>
    store.journal.readGroup(partitionOf(id, store.partitions), id, after);

  return {
    status: async (id) => statusOf(id, await found(id), (resident) => ask(resident, 'status')),
    async state(id) {
      const { group, parked } = await found(id);
      return { state: publicState(rootState(group)), ...(parked !== undefined && { parked }) };
    },
    jobs,
    async matching(part, limit) {
      const { journal, snapshots } = store;
      if ((await snapshots.head(part)) !== undefined) return [part];
      // Its head may be written after its first entry.
      for await (const { group } of journal.readGroup(partitionOf(part, store.partitions), part, 0))
        if (group !== undefined) return [group];
      return (await snapshots.matching(part, limit)).map(({ group }) => group);
    },
    list: (limit = 20) => store.snapshots.heads(limit),
    async *events(id, after = 0) {
      await found(id);
      for await (const entry of entriesOf(id, after)) {
        const { seq, at, type, to, body, blob, parked } = entry;
        const text = blob === undefined ? body : await store.blobs.get(blob);
        yield {
          seq,
          at,
          type,
          ...(to !== undefined && { to }),
          ...(text !== undefined && { body: JSON.parse(text) as unknown }),
          ...(parked !== undefined && { parked }),
          transitions: await named(id, entry),
        };
      }
    },
    async *transitions(id, after) {
      for await (const entry of entriesOf(id, after)) {
        for (const move of await named(id, entry)) yield { seq: entry.seq, at: entry.at, ...move };
      }
    },
  };
}

/** `chain/main` is the chain, `job/17` the job by its name. */
function nameOf(address: string, jobNames: readonly string[]): string {
  if (address === 'chain/main') return 'chain';
  const [kind, id = ''] = address.split('/');
  return kind === 'job' ? `job/${jobNames[Number(id)] ?? id}` : address;
}

function statusOf(
  id: string,
  resident: Resident,
  ask: (resident: Resident) => ChainStatus | undefined,
): RequestStatus {
  const { group, parked } = resident;
  const status = ask(resident);
  const counts = status?.counts ?? { pending: 0, running: 0, complete: 0, failed: 0, stopped: 0 };
  return {
    id,
    type: status?.type ?? kindOf(group.root),
    state: publicState(status?.state ?? 'unknown'),
    args: status?.args,
    ...(status?.user !== undefined && { user: status.user }),
    counts,
    total: Object.values(counts).reduce((sum, count) => sum + count, 0),
    running: status?.running ?? [],
    failures: status?.failures ?? [],
    ...(parked !== undefined && { parked }),
    createdAt: group.createdAt,
    updatedAt: group.at,
  };
}
