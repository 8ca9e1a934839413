/** Routes that change nothing: requests, their chains and logs, and what may be asked for. */
import { MillraceError } from '../protocol/errors.ts';
import type { RequestStatus } from '../reader.ts';
import type { FoundRequest } from '../tracker/questions.ts';
import type { Handler } from './ask.ts';
import { filterOf } from './filter.ts';
import { jobChainOf } from './jobChain.ts';
import { requestSpec } from './requestArgs.ts';
import { jobLogOf, requestOf, runningStatusOf } from './shapes.ts';
import { rowOf } from './shapes.ts';
import { stateNumber } from './states.ts';
import type { ApiTarget } from './target.ts';
import type { WireJobChain, WireJobLog } from './wire.ts';

/** How long a list waits for the tracker to know what was committed before it was asked, in milliseconds. */
const catchUpMs = 250;

export const findRequests: Handler = async ({ tracked }, { query }) => {
  const filter = filterOf(query);
  await tracked.caughtUp(catchUpMs);
  const found = filter === undefined ? [] : await tracked.find(filter);
  return { status: 200, json: found.length === 0 ? null : found.map(rowOf) };
};

export const showRequest: Handler = async (target, { id }) => {
  const status = await target.link.reader.status(id);
  const found = await knownOf(target, id);
  const { JobChain: _, ...request } = requestOf(status, found, chainNamed(target, status.type));
  return { status: 200, json: { ...request, JobChain: await chainOf(target, status) } };
};

export const showJobChain: Handler = async (target, { id }) => ({
  status: 200,
  json: await chainOf(target, await target.link.reader.status(id)),
});

export const showLog: Handler = async (target, { id }) => ({
  status: 200,
  json: await logOf(target, id),
});

export const showJobLog: Handler = async (target, { id, jobId }) => {
  const entry = (await logOf(target, id)).findLast((each) => each.jobId === jobId);
  if (entry !== undefined) return { status: 200, json: entry };
  throw new MillraceError('not-found', `request "${id}" has no log of a job "${jobId}"`);
};

export const listRequests: Handler = ({ chains }) => {
  const specs = chains.map(requestSpec);
  return { status: 200, json: specs.sort((a, b) => (a.Name < b.Name ? -1 : 1)) };
};

export const showRunning: Handler = async ({ tracked }, { query }) => {
  const id = query.get('requestId') ?? '';
  await tracked.caughtUp(catchUpMs);
  const running = await tracked.running(id === '' ? undefined : id);
  const ids = new Set(running.map(({ request }) => request));
  const requests: FoundRequest[] = [];
  for (const each of ids) requests.push(await tracked.info(each));
  if (ids.size > 0) return { status: 200, json: runningStatusOf(running, requests) };
  // There it is the job runners of running requests that are asked: without one there is no list.
  const { requests: counts } = await tracked.counts();
  const hasRunning = Object.entries(counts).some(([state, n]) => n > 0 && stateNumber(state) === 2);
  const none = hasRunning ? { jobs: [], requests: {} } : { jobs: null, requests: null };
  return { status: 200, json: none };
};

export const showVersion: Handler = ({ version }) => ({ status: 200, text: version });

export function chainNamed({ chains }: ApiTarget, type: string) {
  return chains.find((chain) => chain.type === type);
}

/** What the tracker knows of a request that is there; nothing while it has not seen its first entry. */
async function knownOf({ tracked }: ApiTarget, id: string): Promise<FoundRequest | undefined> {
  try {
    return await tracked.info(id);
  } catch (thrown) {
    if (isAbsent(thrown)) return undefined;
    throw thrown;
  }
}

async function chainOf(target: ApiTarget, { id, state }: RequestStatus): Promise<WireJobChain> {
  const [plan, states] = await Promise.all([target.plan(id), target.link.reader.jobs(id)]);
  return jobChainOf({ id, state: stateNumber(state), plan, states });
}

/** None of a request that there is not. */
async function logOf({ tracked }: ApiTarget, id: string): Promise<WireJobLog[]> {
  await tracked.caughtUp(catchUpMs);
  try {
    return jobLogOf(await tracked.log(id));
  } catch (thrown) {
    if (isAbsent(thrown)) return [];
    throw thrown;
  }
}

function isAbsent(thrown: unknown): boolean {
  return thrown instanceof MillraceError && thrown.code === 'not-found';
}
