/**
 * Questions about requests, answered from a store: beside a running host or without any. Nothing here
 * changes anything.
 */
import type { ChainJob, ChainStatus } from '../actors/chainQueries.ts';
import { createEventLog } from './eventLog.ts';
import type { EventLog } from './eventLog.ts';
import type { Head } from './ports/snapshots.ts';
import type { Store } from './ports/store.ts';
import { MillraceError } from './protocol/errors.ts';
import { publicState } from './protocol/states.ts';
import { partitionOf } from './protocol/topology.ts';
import { rootState } from './runtime/group.ts';
import type { Resident } from './runtime/parking.ts';
import { kindOf } from './runtime/registry.ts';
import type { Registry } from './runtime/registry.ts';

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

export type { RequestEvent, RequestTransition } from './eventLog.ts';

/** What a chain answers to each question (actors/chain.ts). */
type Answers = { status: ChainStatus; jobs: ChainJob[] };

/** Where a group can be had: a host's memory, or a store. */
export type GroupSource = (id: string) => Promise<Resident>;

export type Reader = EventLog & {
  /** Rejects with MillraceError `not-found`. */
  status(id: string): Promise<RequestStatus>;
  /** Only the state, without looking at the jobs. */
  state(id: string): Promise<{ state: string; parked?: string }>;
  /** Every job in plan order. */
  jobs(id: string): Promise<ChainJob[]>;
  /** Requests whose id is this text, or else begins or ends with it, newest first; at most `limit`. */
  matching(part: string, limit: number): Promise<string[]>;
  /** The newest requests. */
  list(limit?: number): Promise<Head[]>;
};

export function createReader(store: Store, registry: Registry, groupOf: GroupSource): Reader {
  const found = async (id: string): Promise<Resident> => {
    const resident = await groupOf(id);
    if (resident.group.seq > 0) return resident;
    throw new MillraceError(
      'not-found',
      `request "${id}" does not exist in this store; \`millrace status\` lists those that do`,
    );
  };

  const jobs = async (id: string): Promise<ChainJob[]> =>
    ask(registry, await found(id), 'jobs') ?? [];

  const log = createEventLog(store, async (id) => (await jobs(id)).map(({ name }) => name));

  return {
    ...log,
    status: async (id) =>
      statusOf(id, await found(id), (resident) => ask(registry, resident, 'status')),
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
    async *events(id, after) {
      await found(id);
      yield* log.events(id, after);
    },
  };
}

/** What the group's first actor answers; undefined when it has none, or does not know the question. */
export function ask<Query extends keyof Answers>(
  registry: Registry,
  { group }: Resident,
  query: Query,
): Answers[Query] | undefined {
  const snapshot = group.actors.get(group.root);
  if (snapshot === undefined) return undefined;
  const answer = registry.kind(kindOf(group.root)).definition.queries?.[query]?.(snapshot);
  return answer as Answers[Query] | undefined;
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
    state: publicState(rootState(group) || 'unknown'),
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
