/** What was thrown as an answer: its status code, and a body in the shape of Spin Cycle's errors. */
import { httpStatuses, messageOf, MillraceError } from '../protocol/errors.ts';
import type { ErrorCode } from '../protocol/errors.ts';

/** What is refused before a handler is asked: the body's form, the path. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

type Statuses = Readonly<Record<ErrorCode, number>>;

/** Args that cannot be are the caller's to correct. */
const own: Statuses = { ...httpStatuses, plan: 400, rejected: 400, document: 413 };

/** Whatever has no code of its own there is 500 (specification 9). */
const spinCycles: Statuses = {
  ...(Object.fromEntries(Object.keys(httpStatuses).map((code) => [code, 500])) as Statuses),
  'not-found': 404,
  usage: 400,
  unauthenticated: 401,
  forbidden: 401,
};

export type Problem = {
  status: number;
  body: { message: string; requestId?: string; httpStatus?: number };
  headers?: Readonly<Record<string, string>>;
  /** Nobody expected it. */
  isFault: boolean;
};

/** `requestId`: of the path, when it names one. */
export function problemOf(
  thrown: unknown,
  { compatibility, requestId = '' }: { compatibility: boolean; requestId?: string | undefined },
): Problem {
  if (thrown instanceof Refusal) {
    const { status, message, headers } = thrown;
    return { status, body: { message }, headers, isFault: false };
  }
  const code = thrown instanceof MillraceError ? thrown.code : undefined;
  const status = code === undefined ? 500 : (compatibility ? spinCycles : own)[code];
  const message = code === undefined ? `unexpected: ${messageOf(thrown)}` : messageOf(thrown);
  const isFault = code === undefined;
  if (code === 'unauthenticated')
    return { status, body: { message }, headers: { 'www-authenticate': 'Bearer' }, isFault };
  if (code === 'forbidden') return { status, body: { message }, isFault };
  return { status, body: { message, requestId, httpStatus: status }, isFault };
}
