/** Routes that change requests: they are authorised before anything is stored or sent. */
import type { z } from 'zod';
import type { Command } from '../link.ts';
import { MillraceError } from '../protocol/errors.ts';
import { depthProblem } from '../protocol/json.ts';
import type { RequestStatus } from '../reader.ts';
import type { Answer, Asked, Handler, Op } from './ask.ts';
import { Refusal } from './problems.ts';
import { chainNamed } from './reading.ts';
import { requestOf } from './shapes.ts';
import type { ApiTarget } from './target.ts';
import { createRequestSchema, retryRequestSchema } from './wire.ts';

/** Answered after the commit. */
export const createRequest: Handler = async (target, { body, caller }) => {
  const {
    type,
    args: given,
    labels,
    requestId,
  } = parse(createRequestSchema, lowered(jsonOf(body)));
  const args = toRecord(given);
  await target.auth.authorise(caller, 'start', { type, args, requestId });
  const id = await target.link.start({
    chain: type,
    // Spin Cycle's clients send texts, whatever a chain wants.
    ...(areTexts(args) ? { texts: args } : { args }),
    ...(caller.name !== '' && { user: caller.name }),
    ...(labels !== undefined && { labels }),
    ...(requestId !== undefined && { requestId }),
  });
  return created(target, id);
};

async function created(target: ApiTarget, id: string): Promise<Answer> {
  const status = await target.link.reader.status(id);
  const request = requestOf(status, undefined, chainNamed(target, status.type));
  return {
    status: 201,
    headers: { location: `/api/v1/requests/${encodeURIComponent(id)}` },
    // As it was made, though it may have begun meanwhile.
    json: { ...request, state: 1, startedAt: null, finishedAt: null, finishedJobs: 0 },
  };
}

/** A new request of one that has ended. */
export const retryRequest: Handler = async (target, asked) => {
  const { id: of } = await allowed(target, asked, 'retry');
  const text = asked.body.trim();
  const { set: given, ...rest } = parse(retryRequestSchema, text === '' ? {} : jsonOf(text));
  const set = toRecord(given);
  const id = await target.link.retry({
    ...{ ...rest, of },
    ...(areTexts(set) ? { texts: set } : { set }),
    ...(asked.caller.name !== '' && { user: asked.caller.name }),
  });
  return created(target, id);
};

/** A create starts: what is there has begun. */
export const startRequest: Handler = async (target, asked) => {
  const { id, state } = await allowed(target, asked, 'start');
  throw wrongState(id, `is ${state}, and only a PENDING request can be started; creating it did`);
};

export const stopRequest: Handler = async (target, asked) => {
  const { id, state } = await allowed(target, asked, 'stop');
  if (state === 'FAIL' || state === 'STOPPED')
    throw wrongState(id, `is ${state}, and only a running request can be stopped`);
  if (state !== 'COMPLETE') await command(target, id, 'request.stop');
  return { status: 200 };
};

/** There a job runner sends the whole chain; here a user asks, and there is nothing to send. */
export const suspendRequest: Handler = async (target, asked) => {
  if (asked.body.trim() !== '') {
    jsonOf(asked.body);
    const what =
      'a suspend takes no body: chains are kept where they run, and none can be put there';
    throw new MillraceError('usage', what);
  }
  const { id } = await allowed(target, asked, 'suspend');
  await command(target, id, 'request.suspend');
  return { status: 200 };
};

export const resumeRequest: Handler = async (target, asked) => {
  const { id } = await allowed(target, asked, 'resume');
  await command(target, id, 'request.resume');
  return { status: 200 };
};

/** What job runners tell a request manager is told by workers here, over the broker. */
export const refuseInward: Handler = () => {
  const remedy = 'job code answers over the broker; to watch, read status/running, log or events';
  throw new Refusal(405, `only job runners said this, and there are none; ${remedy}`);
};

async function allowed(
  { link, auth }: ApiTarget,
  { id, caller }: Asked,
  op: Op,
): Promise<RequestStatus> {
  const status = await link.reader.status(id);
  await auth.authorise(caller, op, { type: status.type, requestId: id });
  return status;
}

async function command({ link }: ApiTarget, id: string, type: Command): Promise<void> {
  await link.command(id, type);
}

function wrongState(id: string, problem: string): MillraceError {
  return new MillraceError('state', `request "${id}" ${problem}`);
}

/** Throws Refusal. */
function jsonOf(body: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new Refusal(400, 'the body is no JSON; send a JSON object');
  }
  const problem = depthProblem(body, value);
  if (problem !== undefined) throw new Refusal(400, `${problem}; make it flatter`);
  return value;
}

const keys = new Map(Object.keys(createRequestSchema.shape).map((key) => [key.toLowerCase(), key]));

/** Keys in any case as the schema has them. */
function lowered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [keys.get(key.toLowerCase()) ?? key, each]),
  );
}

/** Throws MillraceError `usage` naming every misfit. */
function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.') || 'body'}: ${message}`,
  );
  throw new MillraceError('usage', `the body does not fit: ${problems.join('; ')}`.slice(0, 2000));
}

/** A cast: the schema has looked. */
function toRecord(args: unknown): Record<string, unknown> {
  return (args ?? {}) as Record<string, unknown>;
}

function areTexts(args: Record<string, unknown>): args is Record<string, string> {
  return Object.values(args).every((value) => typeof value === 'string');
}
