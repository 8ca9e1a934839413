/**
 * `request.retry` → `chain.create` of a new request: the plan of one that has ended, with what is complete in it
 * carried over. The old request is only read. The same message always becomes the same create.
 */
import { isDeepStrictEqual } from 'node:util';
import { toChunks } from '../../machines/chunks.ts';
import { childrenOf } from '../../machines/graph.ts';
import type { CarriedJob, RetryOf } from '../../machines/carried.ts';
import type { Plan, PlanJob } from '../../machines/graph.ts';
import type { Row } from '../../machines/progress.ts';
import type { JobDefinition } from '../definitions.ts';
import type { ChainDefinition } from '../definitions.ts';
import type { Blobs } from '../ports/blobs.ts';
import { MillraceError } from '../protocol/errors.ts';
import { chainOf, toArgs } from './asked.ts';
import { planChain } from './plan.ts';
import { sentList, sentPlan } from './sentPlan.ts';
import { didYouMean } from './suggest.ts';

/** A request that is over, as its own group has it. */
export type Ended = {
  /** In public words. */
  state: string;
  requestType: string;
  args: unknown;
  user?: string;
  labels?: Readonly<Record<string, string>>;
  plan: Plan;
  /** What became of each job, in plan order. */
  rows: readonly Row[];
  /** Stores its results and data where that was not done yet; answers how `chain.create` names them. */
  values(): Promise<object>;
};

/** What is to be retried, and how. */
export type RetryAsked = {
  /** The request that has ended. */
  of: string;
  /** This job runs again, and all after it, though they be complete. */
  from?: string | undefined;
  /** Args that change; the others stay as they were. */
  set?: Readonly<Record<string, unknown>> | undefined;
  /** The same as typed on a command line. */
  texts?: Readonly<Record<string, string>> | undefined;
};

export type RetryPlanners = {
  chains: readonly ChainDefinition[];
  jobs: ReadonlyMap<string, JobDefinition>;
  blobs: Blobs;
  /** Of the new request; default: it may be suspended for ever. */
  suspendedTtlMs?: number | undefined;
  /** Rejects with MillraceError `not-found`, or `state` for one that has not ended or cannot be read. */
  ended(id: string): Promise<Ended>;
};

/** Jobs that are named as outdated. */
const namedOutdated = 20;

/** The body of `chain.create` without user and labels of its own. Rejects with MillraceError `not-found`, `state` or `plan`. */
export async function planRetry(asked: RetryAsked, planners: RetryPlanners): Promise<object> {
  const { suspendedTtlMs } = planners;
  const ended = await planners.ended(asked.of);
  const { args, plan } = await planAgain(asked, ended, planners);
  const kept = keep(plan.jobs, ended, asked.from);
  refuseNothing(asked, ended, kept.length === plan.jobs.length);
  const outdated = outdatedOf(plan.jobs, ended.plan.jobs, kept);
  const retryOf: RetryOf = {
    request: asked.of,
    ...(asked.from !== undefined && { from: asked.from }),
    carried: kept.length,
    ...(outdated.length > 0 && { outdated }),
  };
  return {
    plan: await sentPlan(plan, planners.blobs),
    requestType: ended.requestType,
    args,
    user: ended.user,
    labels: ended.labels,
    carried: await sentList(kept.map(carriedOf), planners.blobs),
    values: await ended.values(),
    retryOf,
    ...(suspendedTtlMs !== undefined && { suspendedTtlMs }),
  };
}

/** As it was planned; with changed args planned anew, as for a new request. */
async function planAgain(
  { set, texts }: RetryAsked,
  { requestType, args, plan }: Ended,
  { chains, jobs }: RetryPlanners,
): Promise<{ args: unknown; plan: Plan }> {
  if (Object.keys({ ...set, ...texts }).length === 0) return { args, plan };
  const chain = chainOf(chains, requestType);
  const given = { ...asObject(requestType, args), ...set };
  const changed =
    texts === undefined ? given : await toArgs(chain, new Map(Object.entries(texts)), given);
  return { args: changed, plan: await planChain(chain, changed, jobs) };
}

function asObject(type: string, args: unknown): Record<string, unknown> {
  if (typeof args === 'object' && args !== null && !Array.isArray(args))
    return args as Record<string, unknown>;
  throw new MillraceError('plan', `the args of "${type}" have no names; start a new request`);
}

/** A complete job of the old request, and its number in the new plan. */
type Kept = { job: number; old: number; row: Row };

/**
 * Complete there, and so is all before it, in the new plan too. In the order in which they became complete, so
 * that of two values of one key the same wins.
 */
function keep(jobs: readonly PlanJob[], { plan, rows }: Ended, from: string | undefined): Kept[] {
  const numbers = new Map(plan.jobs.map(({ name }, number) => [name, number]));
  const again = new Set<number>();
  const found: Kept[] = [];
  let isThere = from === undefined;
  jobs.forEach(({ name, type }, job) => {
    const old = numbers.get(name) ?? -1;
    const row = rows[old];
    isThere ||= name === from;
    const isDone = row?.state === 'complete' && plan.jobs[old]?.type === type;
    if (isDone && name !== from) found.push({ job, old, row });
    else again.add(job);
  });
  if (!isThere) throw unknownJob(from ?? '', jobs);
  const children = childrenOf(toChunks(jobs));
  for (const job of again) for (const child of children(job)) again.add(child);
  return found
    .filter(({ job }) => !again.has(job))
    .sort((one, other) => (one.row.done ?? 0) - (other.row.done ?? 0));
}

function unknownJob(from: string, jobs: readonly PlanJob[]): MillraceError {
  const names = jobs.map(({ name }) => name);
  const some = names.length > 10 ? `${names.slice(0, 10).join(', ')}, …` : names.join(', ');
  return new MillraceError(
    'plan',
    `the request has no job "${from}"${didYouMean(from, names)}; its jobs are ${some}`,
  );
}

function refuseNothing({ of }: RetryAsked, { state }: Ended, isAll: boolean): void {
  if (!isAll) return;
  throw new MillraceError(
    'state',
    `request "${of}" is ${state} and no job of it is left to run; name the job to run again, with all after it: --from JOB`,
  );
}

function carriedOf({ job, row: { result, data, merged } }: Kept): CarriedJob {
  return {
    job,
    ...(result !== undefined && { result }),
    ...(data !== undefined && { data }),
    ...(merged !== undefined && { merged }),
  };
}

/** Jobs that are kept though they would be given other args now. */
function outdatedOf(
  jobs: readonly PlanJob[],
  before: readonly PlanJob[],
  kept: readonly Kept[],
): string[] {
  if (jobs === before) return [];
  const names: string[] = [];
  for (const { job, old } of kept) {
    if (isDeepStrictEqual(jobs[job]?.args, before[old]?.args)) continue;
    names.push(jobs[job]?.name ?? String(job));
    if (names.length === namedOutdated) break;
  }
  return names;
}
