/** What an API answers, in Spin Cycle's shapes, as the command line reads it. */
import type { ChainJob } from '../../actors/chainQueries.ts';
import { states } from '../api/wire.ts';
import type { WireJobLog, WireRequest, WireRunningStatus } from '../api/wire.ts';
import { machineState } from '../protocol/states.ts';
import type { Head } from '../ports/snapshots.ts';
import type { RequestStatus } from '../reader.ts';
import type { FoundAttempt, FoundJob, FoundRequest, FoundRunning } from '../tracker/questions.ts';

/** PENDING, RUNNING, …; STOPPING and SUSPENDING are RUNNING there. */
export function stateOf(number: number): string {
  return states[number] ?? 'UNKNOWN';
}

/** The args that were given, by name. */
function argsOf({ args = [] }: WireRequest): Record<string, unknown> {
  return Object.fromEntries(
    args.flatMap(({ Name, Given, Value }) => (Given ? [[Name, Value] as const] : [])),
  );
}

/** In small letters, those that none is in left out. */
function countsOf({ JobChain, totalJobs, finishedJobs }: WireRequest): Record<string, number> {
  const jobs = Object.values(JobChain?.jobs ?? {});
  if (jobs.length === 0) return finishedJobs === 0 ? {} : { complete: finishedJobs };
  const counts: Record<string, number> = {};
  for (const { state } of jobs) {
    const name = machineState(stateOf(state));
    counts[name] = (counts[name] ?? 0) + 1;
  }
  const left = totalJobs - jobs.length;
  return left > 0 ? { ...counts, pending: (counts['pending'] ?? 0) + left } : counts;
}

const none = { pending: 0, running: 0, complete: 0, failed: 0, stopped: 0 };

type Beside = { running: readonly FoundRunning[]; log: readonly FoundAttempt[] };

export function statusOf(request: WireRequest, { running, log }: Beside): RequestStatus {
  const { id, type, user, totalJobs: total, retryOf, parked } = request;
  const createdAt = Date.parse(request.createdAt);
  return {
    ...{ id, type, state: stateOf(request.state), args: argsOf(request), total, createdAt },
    ...(user !== '' && { user }),
    counts: { ...none, ...countsOf(request) },
    running: running.map(({ name, type: jobType, attempts }) => ({
      ...{ name, type: jobType, attempt: attempts },
    })),
    failures: log.flatMap(({ name, state, reason }) =>
      state === 'FAIL' && reason !== undefined ? [{ name, reason }] : [],
    ),
    ...(retryOf !== undefined && {
      retryOf: { ...retryOf, carried: retryOf.carried ?? 0 },
    }),
    ...(parked !== undefined && { parked }),
    updatedAt: request.finishedAt === null ? Date.now() : Date.parse(request.finishedAt),
  };
}

export function foundOf(request: WireRequest): FoundRequest {
  const { id, type, user, startedAt, finishedAt, labels, retryOf, parked } = request;
  return {
    ...{
      id,
      type,
      state: stateOf(request.state),
      args: argsOf(request),
      counts: countsOf(request),
    },
    // What is not told over the wire.
    ...{ seq: 0, kept: 0, resumption: 0 },
    ...(user !== '' && { user }),
    ...(labels !== undefined && { labels }),
    ...(retryOf !== undefined && { retryOf: retryOf.request }),
    ...(parked !== undefined && { parked }),
    ...{ total: request.totalJobs, createdAt: Date.parse(request.createdAt) },
    ...(startedAt !== null && { startedAt: Date.parse(startedAt) }),
    ...(finishedAt !== null && { finishedAt: Date.parse(finishedAt) }),
    updatedAt: Date.parse(finishedAt ?? startedAt ?? request.createdAt),
  };
}

export function headOf(request: WireRequest): Head {
  const { id, type, parked, updatedAt, createdAt } = { ...request, ...foundOf(request) };
  return {
    ...{ group: id, partition: 0, type, state: machineState(stateOf(request.state)), seq: 0 },
    ...{ snapshot: 0, active: request.finishedAt === null, createdAt, updatedAt },
    ...(parked !== undefined && { parked }),
  };
}

export function jobsOf({ id, JobChain }: WireRequest, log: readonly FoundAttempt[]): FoundJob[] {
  const attempts = attemptsIn(log);
  return Object.values(JobChain?.jobs ?? {}).map(({ name, type, state }, job) => ({
    ...{ request: id, job, name, type, state: stateOf(state), attempts: attempts.get(name) ?? 0 },
  }));
}

/** In the order in which they are listed, which is that of the plan. */
export function chainJobsOf({ JobChain }: WireRequest, log: readonly FoundAttempt[]): ChainJob[] {
  const { jobs = {}, adjacencyList = {} } = JobChain ?? {};
  const names = Object.keys(jobs);
  const numbers = new Map(names.map((name, number) => [name, number]));
  const parents = new Map<string, number[]>(names.map((name) => [name, []]));
  for (const [parent, children] of Object.entries(adjacencyList))
    for (const child of children) parents.get(child)?.push(numbers.get(parent) ?? 0);
  const attempts = attemptsIn(log);
  return Object.values(jobs).map(({ name, type, state }) => ({
    ...{ name, type, state: machineState(stateOf(state)) as ChainJob['state'] },
    ...{ attempts: attempts.get(name) ?? 0, parents: parents.get(name) ?? [] },
  }));
}

function attemptsIn(log: readonly FoundAttempt[]): Map<string, number> {
  return new Map(log.map(({ name, attempt }) => [name, attempt]));
}

export function attemptOf(entry: WireJobLog): FoundAttempt {
  const { requestId: request, jobId, name, type, state, startedAt, finishedAt } = entry;
  const { error, exit, stdout, stderr } = entry;
  return {
    ...{ request, job: jobId, name, type, attempt: entry.try, state: stateOf(state) },
    ...(startedAt > 0 && { startedAt: toMs(startedAt) }),
    ...(finishedAt > 0 && { finishedAt: toMs(finishedAt) }),
    ...(error !== '' && { reason: error }),
    // Of what is no program the wire has 0 or 1.
    ...((stdout !== '' || stderr !== '' || exit > 1) && { exit, stdout, stderr }),
  };
}

export function runningOf({ jobs }: WireRunningStatus): FoundRunning[] {
  return (jobs ?? []).map(
    ({ requestId, name, type, startedAt, state, status, ...job }, number) => ({
      ...{ request: requestId, job: number, name, type, state: stateOf(state), attempts: job.try },
      ...(startedAt > 0 && { startedAt: toMs(startedAt) }),
      ...(status !== undefined && { text: status }),
    }),
  );
}

function toMs(nanoseconds: number): number {
  return Math.floor(nanoseconds / 1e6);
}
