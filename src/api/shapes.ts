/** What millrace knows, in Spin Cycle's shapes. */
import type { ChainDefinition } from '../definitions.ts';
import type { RequestStatus } from '../reader.ts';
import type { FoundAttempt, FoundRequest, FoundRunning } from '../tracker/questions.ts';
import { argsGiven } from './requestArgs.ts';
import { stateNumber } from './states.ts';
import type { WireJobLog, WireProgress, WireRequest, WireRunningStatus } from './wire.ts';

/** A request as it stands; `found` is what the tracker knows of it, which may be a little older. */
export function requestOf(
  status: RequestStatus,
  found: FoundRequest | undefined,
  chain: ChainDefinition | undefined,
): WireRequest {
  const { id, type, user = '', args, createdAt, updatedAt } = status;
  const { state, totalJobs, finishedJobs } = progressOf(status);
  const isOver = state === 3 || state === 4 || state === 6;
  return {
    ...{ id, type, state, user },
    args: argsGiven(chain, args),
    createdAt: instant(createdAt),
    // A chain begins in the turn that makes it.
    startedAt: state === 1 ? null : instant(found?.startedAt ?? createdAt),
    finishedAt: isOver ? instant(found?.finishedAt ?? updatedAt) : null,
    ...{ totalJobs, finishedJobs },
    ...(found?.labels !== undefined && { labels: found.labels }),
    ...(status.retryOf !== undefined && { retryOf: status.retryOf }),
    ...(status.parked !== undefined && { parked: status.parked }),
  };
}

function progressOf({ state, total, counts }: RequestStatus): WireProgress {
  return { state: stateNumber(state), totalJobs: total, finishedJobs: counts.complete };
}

/** A row of a list: without args and chain. */
export function rowOf(request: FoundRequest): WireRequest {
  const { id, type, user = '', total, counts, labels, retryOf, parked } = request;
  return {
    ...{ id, type, state: stateNumber(request.state), user },
    createdAt: instant(request.createdAt),
    startedAt: request.startedAt === undefined ? null : instant(request.startedAt),
    finishedAt: request.finishedAt === undefined ? null : instant(request.finishedAt),
    ...{ totalJobs: total, finishedJobs: counts['complete'] ?? 0 },
    ...(labels !== undefined && { labels }),
    ...(retryOf !== undefined && { retryOf: { request: retryOf } }),
    ...(parked !== undefined && { parked }),
  };
}

/** Entries of the job log by job and try; an attempt has one when it has ended. */
export function jobLogOf(attempts: readonly FoundAttempt[]): WireJobLog[] {
  return attempts
    .filter(({ finishedAt }) => finishedAt !== undefined)
    .map(toJobLog)
    .sort((a, b) => compare(a.jobId, b.jobId) || a.try - b.try);
}

function toJobLog(row: FoundAttempt): WireJobLog {
  const { request, name, attempt, type = '', startedAt = 0, finishedAt = 0, exit } = row;
  const { reason = '', stdout = '', stderr = '' } = row;
  const state = stateNumber(row.state);
  // Of what is no program, and of one that a signal has ended, there is no number: 1 says that it failed.
  const code = typeof exit === 'number' ? exit : Number(state !== 3);
  return {
    ...{ requestId: request, jobId: name, try: attempt, name, type },
    ...{ startedAt: nanoseconds(startedAt), finishedAt: nanoseconds(finishedAt) },
    ...{ state, exit: code, error: reason, stdout, stderr },
  };
}

/** Those that run, the longest first, and their requests. */
export function runningStatusOf(
  running: readonly FoundRunning[],
  requests: readonly FoundRequest[],
): WireRunningStatus {
  const jobs = running.map((row) => ({
    ...{ requestId: row.request, jobId: row.name, type: row.type, name: row.name },
    startedAt: nanoseconds(row.attemptAt ?? row.startedAt ?? 0),
    state: stateNumber(row.state),
    ...(row.text !== undefined && { status: row.text }),
    try: row.attempts,
  }));
  jobs.sort((a, b) => a.startedAt - b.startedAt);
  return { jobs, requests: Object.fromEntries(requests.map((each) => [each.id, rowOf(each)])) };
}

export function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function nanoseconds(ms: number): number {
  return ms * 1e6;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
