/**
 * What a worker answers about an attempt: from what the handler returned or threw to the body of
 * `attempt.succeeded`, `attempt.failed` or `attempt.stopped`. Pure.
 */
import { inspect } from 'node:util';
import type { z } from 'zod';
import type { attemptAnswerSchemas, AttemptAnswerType } from '../protocol/attempts.ts';
import { maxUserDataBytes } from '../protocol/envelope.ts';
import { jsonProblem } from '../protocol/json.ts';
import type { AbortName } from './aborted.ts';

/** An answer without the attempt that it is for. */
export type Answer = {
  [Type in AttemptAnswerType]: { type: Type } & Omit<
    z.infer<(typeof attemptAnswerSchemas)[Type]>,
    'key' | 'attempt' | 'executionId'
  >;
}[AttemptAnswerType];

/** The job's data when its handler ended, and what it was before. */
export type DataWrites = {
  jobId: string;
  data: unknown;
  /** JSON text of the data that the handler was given. */
  before: string;
  /** More than one map was merged, so the whole is news even when the handler changed nothing. */
  merged: boolean;
};

/** Of a handler that was not run, or whose process died with what it wrote. */
export const noWrites: DataWrites = { jobId: '', data: {}, before: '{}', merged: false };

/** What became of the user's code. */
export type Outcome<Result = unknown> = { result: Result } | { error: unknown };

/** What an answer follows from beside the outcome. */
export type AnswerContext = {
  writes: DataWrites;
  /** Whether the work was aborted for this. */
  isAborted(name: AbortName): boolean;
  timeoutMs: number | undefined;
};

const maxReasonBytes = 4096;
const stackLines = 4;

type Encoded = { text: string | undefined } | { problem: string };

/** After a time-out nothing succeeds; what throws after a stop has stopped. */
export function answerFor(
  outcome: Outcome,
  { writes, isAborted, timeoutMs }: AnswerContext,
): Answer {
  if (isAborted('TimeoutError')) return failed(`timed out after ${timeoutMs} ms`, writes);
  if ('result' in outcome) return returned(outcome.result, writes);
  return isAborted('Stopped') ? stopped(writes) : threw(outcome.error, writes);
}

/** The handler returned: a success when all that it leaves is JSON and small enough. */
function returned(result: unknown, writes: DataWrites): Answer {
  const encodedResult: Encoded =
    result === undefined ? { text: undefined } : encode(result, 'result');
  if ('problem' in encodedResult)
    return failed(`${encodedResult.problem}; return JSON only`, writes);
  const data = encodeData(writes);
  if ('problem' in data) return failed(`${data.problem}; put JSON only into data`, writes);
  const bytes = byteLength(encodedResult.text) + byteLength(data.text);
  if (bytes > maxUserDataBytes) return failed(tooLarge(writes.jobId, bytes), writes);
  return {
    type: 'attempt.succeeded',
    ...(result === undefined ? {} : { result }),
    ...(writes.merged || data.text !== writes.before ? { data: asMap(writes.data) } : {}),
  };
}

/** The handler threw, and was not told to stop. */
function threw(error: unknown, writes: DataWrites): Answer {
  if (isNamed(error, 'Stopped')) return stopped(writes);
  const answer = failed(describe(error), writes);
  const retryAfterMs = isNamed(error, 'RetryAfter') ? error['retryAfterMs'] : undefined;
  if (typeof retryAfterMs !== 'number' || !Number.isFinite(retryAfterMs)) return answer;
  return { ...answer, retryAfterMs: Math.max(0, retryAfterMs) };
}

/** The attempt failed for `reason`; what the handler wrote into its data goes with it. */
export function failed(reason: string, writes: DataWrites): Answer & { type: 'attempt.failed' } {
  const { data, problem } = changedData(writes);
  const suffix = problem === undefined ? '' : `; its data is left out: ${problem}`;
  const cutReason = cut(reason, maxReasonBytes - Buffer.byteLength(suffix)) + suffix;
  return { type: 'attempt.failed', reason: cutReason, ...(data === undefined ? {} : { data }) };
}

/** The attempt has stopped, asked to or on its own accord. */
export function stopped(writes: DataWrites): Answer {
  const { data } = changedData(writes);
  return { type: 'attempt.stopped', ...(data === undefined ? {} : { data }) };
}

function changedData(writes: DataWrites): { data?: Record<string, unknown>; problem?: string } {
  const encoded = encodeData(writes);
  if ('problem' in encoded) return { problem: cut(encoded.problem, maxReasonBytes / 4) };
  if (encoded.text === writes.before) return {};
  const bytes = byteLength(encoded.text);
  if (bytes > maxUserDataBytes) return { problem: `it has ${megabytes(bytes)}, at most 16 MiB` };
  return { data: asMap(writes.data) };
}

function encodeData({ data }: DataWrites): Encoded {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return { problem: 'data is no longer an object' };
  }
  return encode(data, 'data');
}

/** Reading a user's value can run the user's code (getters, proxies), which can throw. */
function encode(value: unknown, path: string): Encoded {
  try {
    const problem = jsonProblem(value, path);
    return problem === undefined ? { text: JSON.stringify(value) } : { problem };
  } catch (error) {
    return { problem: `${path} cannot be read (${describeValue(error)})` };
  }
}

/** A map of its own as of now: the handler of a timed-out attempt may still write into the one it has. */
function asMap(data: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(data)) as Record<string, unknown>;
}

function tooLarge(jobId: string, bytes: number): string {
  return `job ${jobId} returned ${megabytes(bytes)}; at most 16 MiB; store it elsewhere and return a name`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function byteLength(text: string | undefined): number {
  return text === undefined ? 0 : Buffer.byteLength(text);
}

/** Compared by name: job code may have a copy of this package of its own. */
function isNamed(error: unknown, name: string): error is Record<string, unknown> {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === name;
}

function describe(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) {
    return `threw ${describeValue(error)}, which is not an Error`;
  }
  const name = 'name' in error && typeof error.name === 'string' ? error.name : 'Error';
  const message = String(error.message);
  const stack = 'stack' in error && typeof error.stack === 'string' ? error.stack : '';
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const title = name === 'Error' ? message || 'Error without a message' : `${name}: ${message}`;
  const room = maxReasonBytes - 1024;
  return [cut(title, room), ...frames.slice(0, stackLines)].join('\n');
}

function describeValue(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1 });
}

function cut(text: string, bytes: number): string {
  const buffer = Buffer.from(text);
  if (buffer.length <= bytes) return text;
  const whole = buffer
    .subarray(0, Math.max(0, bytes - 3))
    .toString()
    .replace(/\uFFFD+$/, '');
  return `${whole}…`;
}
