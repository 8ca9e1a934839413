/** Questions about requests, asked of an API: what a store and its read models answer beside a host. */
import { z } from 'zod';
import {
  jobLogSchema,
  requestSchema,
  requestSpecSchema,
  runningStatusSchema,
} from '../api/wire.ts';
import type { WireRequest, WireRequestSpec } from '../api/wire.ts';
import type { OpenReader } from '../openReader.ts';
import type { OpenTracked } from '../openTracked.ts';
import type { RequestFilter } from '../ports/readmodels.ts';
import { MillraceError } from '../protocol/errors.ts';
import { publicState } from '../protocol/states.ts';
import type { RequestStatus } from '../reader.ts';
import type { FoundAttempt, FoundRunning } from '../tracker/questions.ts';
import type { ApiCaller } from './caller.ts';
import type { Feeds } from './feeds.ts';
import * as shapes from './shapes.ts';

/** A part of an id is looked for among so many of the newest. */
const mostSearched = 1000;

/** A status is asked for again after this long, in milliseconds: whoever watches looks more often. */
const freshMs = 250;

const listSchema = z.array(requestSchema).nullable();

export type ApiReading = {
  reader: OpenReader;
  tracked: OpenTracked;
  specs(): Promise<WireRequestSpec[]>;
};

export function createReading(caller: ApiCaller, feeds: Feeds): ApiReading {
  const close = () => Promise.resolve();

  const request = async (id: string): Promise<WireRequest> =>
    requestSchema.parse(await caller.ask('GET', pathOf(id)));

  const find = async (filter: RequestFilter): Promise<WireRequest[]> =>
    listSchema.parse(await caller.ask('GET', `/requests${queryOf(filter)}`)) ?? [];

  const log = async (id: string): Promise<FoundAttempt[]> =>
    z
      .array(jobLogSchema)
      .parse(await caller.ask('GET', `${pathOf(id)}/log`))
      .map(shapes.attemptOf)
      .sort((a, b) => (a.finishedAt ?? Infinity) - (b.finishedAt ?? Infinity));

  const running = async (id?: string): Promise<FoundRunning[]> => {
    const query = id === undefined ? '' : `?requestId=${encodeURIComponent(id)}`;
    const answer = await caller.ask('GET', `/status/running${query}`);
    return shapes.runningOf(runningStatusSchema.parse(answer));
  };

  const statusNow = async (id: string): Promise<RequestStatus> => {
    const found = await request(id);
    const jobs = Object.values(found.JobChain?.jobs ?? {}).map(({ state }) =>
      shapes.stateOf(state),
    );
    const status = shapes.statusOf(found, {
      running: jobs.includes('RUNNING') ? await running(id) : [],
      log: jobs.includes('FAIL') ? await log(id) : [],
    });
    known.set(id, { status, at: Date.now() });
    return status;
  };
  const known = new Map<string, { status: RequestStatus; at: number }>();

  const matching = async (part: string, limit: number): Promise<string[]> => {
    try {
      return [(await request(part)).id];
    } catch (thrown) {
      if (!(thrown instanceof MillraceError) || thrown.code !== 'not-found') throw thrown;
    }
    const newest = await find({ limit: mostSearched });
    const fits = newest.filter(({ id }) => id.startsWith(part) || id.endsWith(part));
    return fits.slice(0, limit).map(({ id }) => id);
  };

  const reader: OpenReader = {
    matching,
    list: async (limit = 20) => (await find({ limit })).map(shapes.headOf),
    async status(id) {
      const last = known.get(id);
      return last !== undefined && Date.now() - last.at < freshMs ? last.status : statusNow(id);
    },
    state: statusNow,
    async parking(id) {
      const { parked } = await request(id);
      return parked === undefined ? undefined : { reason: parked, kept: 0, isBroken: true };
    },
    jobs: async (id) => shapes.chainJobsOf(await request(id), await log(id)),
    async *transitions(id, after) {
      yield* await feeds.transitions(id, after);
    },
    events: () => refuse('the event log'),
    between: () => refuse('the event log'),
    placeBefore: () => refuse('the event log'),
    end: () => refuse('the event log'),
    at: () => refuse('the past of a request'),
    verify: () => refuse('a replay'),
    query: () => refuse('a question to an actor'),
    close,
  };

  const tracked: OpenTracked = {
    behind: () => Promise.resolve(0),
    caughtUp: () => Promise.resolve(true),
    find: async (filter = {}) => (await find(filter)).map(shapes.foundOf),
    info: async (id) => shapes.foundOf(await request(id)),
    running,
    jobs: async (id) => shapes.jobsOf(await request(id), await log(id)),
    async log(id) {
      await request(id);
      return log(id);
    },
    counts: () => refuse('counts'),
    close,
  };

  const specs = async (): Promise<WireRequestSpec[]> =>
    z.array(requestSpecSchema).parse(await caller.ask('GET', '/request-list'));

  return { reader, tracked, specs };
}

/** What is not told over an API. */
export function refuse(what: string): never {
  const remedy = 'ask where its data is, without --api and MILLRACE_API';
  throw new MillraceError('usage', `${what} cannot be had over an API; ${remedy}`);
}

export function pathOf(id: string): string {
  return `/requests/${encodeURIComponent(id)}`;
}

function queryOf(filter: RequestFilter): string {
  const { type, user, states = [], args = {}, labels, since, until, limit, offset } = filter;
  if (labels !== undefined) refuse('a find by labels');
  const query = new URLSearchParams();
  const put = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) query.append(name, String(value));
  };
  put('type', type);
  put('user', user);
  for (const state of states) put('state', publicState(state));
  for (const [name, value] of Object.entries(args)) put('arg', `${name}=${value}`);
  put('since', since && new Date(since).toISOString());
  put('until', until && new Date(until).toISOString());
  put('limit', limit);
  put('offset', offset);
  return query.size === 0 ? '' : `?${query.toString()}`;
}
