/** Errors over HTTP: what was thrown becomes problem+json, and problem+json becomes the same error again. */
import { STATUS_CODES } from 'node:http';
import { httpStatuses, messageOf, MillraceError, toErrorCode } from '../protocol/errors.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { problemSchema } from './wire.ts';
import type { Problem } from './wire.ts';

export const problemType = 'application/problem+json; charset=utf-8';

/** Whatever was thrown while a request was answered. */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof MillraceError) {
    return problem(httpStatuses[thrown.code], thrown.message, thrown.code);
  }
  const status = statusOf(thrown);
  if (status < 500) return problem(status, messageOf(thrown), 'usage');
  return problem(500, `unexpected: ${messageOf(thrown)}`);
}

export function problem(status: number, detail: string, code?: ErrorCode): Problem {
  const title = STATUS_CODES[status] ?? 'Error';
  return { title, status, detail, ...(code !== undefined && { code }) };
}

/** The error that the host has raised. */
export function toError(status: number, body: string): Error {
  const parsed = problemSchema.safeParse(parse(body));
  if (!parsed.success) return new Error(`the host answered with ${status}: ${body.slice(0, 200)}`);
  const code = toErrorCode(parsed.data.code);
  const { detail } = parsed.data;
  return code === undefined ? new Error(detail) : new MillraceError(code, detail);
}

/** Fastify says with its own errors what is wrong with a request. */
function statusOf(thrown: unknown): number {
  const { statusCode } = Object(thrown) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 500;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
