/**
 * Questions about requests, answered from a store: beside a running host or without any. Nothing here
 * changes anything.
 */
import type { ChainJob, ChainStatus } from '../actors/chainQueries.ts';
import { createEventLog } from './eventLog.ts';
import type { EventLog } from './eventLog.ts';
import { createHeads } from './heads.ts';
import type { Heads } from './heads.ts';
import type { Store } from './ports/store.ts';
import { groupUnpark } from './protocol/commands.ts';
import { MillraceError } from './protocol/errors.ts';
import { publicState } from './protocol/states.ts';
import { partitionOf } from './protocol/topology.ts';
import { answerQuery, partsOf } from './query.ts';
import { typeOf } from './runtime/checkpoint.ts';
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
  /** The request that it retries: how many jobs' results were taken over, and which of them ran with other args. */
  retryOf?: NonNullable<ChainStatus['retryOf']>;
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

/** That and why a request's messages are kept unstepped. */
export type Parking = {
  reason: string;
  /** When the first of them came; undefined when none has come yet. */
  since?: number;
  /** How many are kept. */
  kept: number;
  /** It cannot be followed as it is: unpark works only after the cause is gone, also with skip. */
  isBroken: boolean;
};

export type Reader = EventLog &
  Heads & {
    /** Rejects with MillraceError `not-found`. */
    status(id: string): Promise<RequestStatus>;
    /** Only the state, without looking at the jobs. */
    state(id: string): Promise<{ state: string; parked?: string }>;
    /** Undefined when it is not parked. Rejects with MillraceError `not-found`. */
    parking(id: string): Promise<Parking | undefined>;
    /** Every job in plan order. */
    jobs(id: string): Promise<ChainJob[]>;
    /**
     * What an actor answers to a question of its own (`queries`), as it is committed; `address` is `group`, for
     * the group's first actor, or `group/kind/id`. Rejects with MillraceError `not-found` or `state`.
     */
    query(address: string, name: string, args?: unknown): Promise<unknown>;
  };

export function createReader(store: Store, registry: Registry, groupOf: GroupSource): Reader {
  const found = async (id: string): Promise<Resident> => {
    const resident = await groupOf(id);
    const { group, parked } = resident;
    // One that has only refused messages was never started.
    if (group.root !== '' || parked !== undefined) return resident;
    throw new MillraceError(
      'not-found',
      `request "${id}" does not exist in this store; \`millrace status\` lists those that do`,
    );
  };

  const jobs = async (id: string): Promise<ChainJob[]> =>
    ask(registry, await found(id), 'jobs') ?? [];

  const entriesOf = (id: string) =>
    store.journal.readGroup(partitionOf(id, store.partitions), id, 0);

  const log = createEventLog(store, async (id) => (await jobs(id)).map(({ name }) => name));

  /** Messages since the last unpark that were kept; a broken group's are not in memory. */
  const keptOf = async (id: string): Promise<{ kept: number; since?: number }> => {
    let all: { kept: number; since?: number } = { kept: 0 };
    for await (const { parked, at, type } of entriesOf(id)) {
      if (parked !== undefined) all = { since: at, ...all, kept: all.kept + 1 };
      else if (type === groupUnpark) all = { kept: 0 };
    }
    return all;
  };

  return {
    ...log,
    ...createHeads(store),
    async status(id) {
      const resident = await found(id);
      const status = ask(registry, resident, 'status');
      const running = status?.running.map(({ job, ...each }) => ({
        ...each,
        attempt: attemptOf(registry, resident, job) ?? each.attempt,
      }));
      const type = typeOf(registry, resident.group);
      return {
        ...statusOf(id, resident, status && { ...status, running: running ?? [] }),
        ...(type !== '' && { type }),
      };
    },
    async state(id) {
      const { group, parked } = await found(id);
      return { state: publicState(rootState(group)), ...(parked !== undefined && { parked }) };
    },
    async parking(id) {
      const { parked, isBroken = false } = await found(id);
      if (parked === undefined) return undefined;
      return { reason: parked, isBroken, ...(await keptOf(id)) };
    },
    jobs,
    async query(address, name, args) {
      const { group, ...of } = partsOf(address);
      return answerQuery(registry, await found(group), { ...of, name, args });
    },
    async *events(id, after) {
      await found(id);
      yield* log.events(id, after);
    },
  };
}

/** What a chain answers; undefined for a group without one. */
export function ask<Query extends keyof Answers>(
  registry: Registry,
  { group }: Resident,
  query: Query,
): Answers[Query] | undefined {
  const snapshot = group.actors.get(group.root);
  if (snapshot === undefined || kindOf(group.root) !== 'chain') return undefined;
  const answer = registry.kind('chain').definition.queries?.[query]?.(snapshot);
  return answer as Answers[Query] | undefined;
}

/** Number of a running job's newest attempt, or of its next while it waits: only its own actor knows. */
export function attemptOf(
  registry: Registry,
  { group }: Resident,
  job: number,
): number | undefined {
  const snapshot = group.actors.get(`job/${job}`);
  if (snapshot === undefined) return undefined;
  const attempt = registry.kind('job').definition.queries?.['attempt']?.(snapshot);
  return typeof attempt === 'number' ? attempt : undefined;
}

function statusOf(
  id: string,
  resident: Resident,
  status: (Omit<ChainStatus, 'running'> & Pick<RequestStatus, 'running'>) | undefined,
): RequestStatus {
  const { group, parked } = resident;
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
    ...(status?.retryOf !== undefined && { retryOf: status.retryOf }),
    ...(parked !== undefined && { parked }),
    createdAt: group.createdAt,
    updatedAt: group.at,
  };
}
