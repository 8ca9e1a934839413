/** Asks an API over HTTP: one question at a time, or events for as long as they come. */
import { messageOf, MillraceError } from '../protocol/errors.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { eventsIn } from './sse.ts';
import type { ServerEvent } from './sse.ts';

export type CallerOptions = {
  /** `http://host:port`, with nothing behind. */
  address: string;
  /** A bearer token. */
  token?: string | undefined;
  /** How long one answer may take, in milliseconds. */
  timeoutMs: number;
};

const root = '/api/v1';

/** What a status code means here; in Spin Cycle's own codes most are 500. */
const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'usage',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'usage',
  409: 'state',
  413: 'usage',
  422: 'plan',
  503: 'unavailable',
};

export class ApiCaller {
  readonly address: string;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();

  constructor({ address, token, timeoutMs }: CallerOptions) {
    this.address = address;
    this.#token = token;
    this.#timeoutMs = timeoutMs;
  }

  /** The JSON that is answered, if any. Rejects as the API says, or with MillraceError `unavailable`. */
  async ask(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown> {
    const response = await this.#send(method, path, {
      signal: AbortSignal.timeout(this.#timeoutMs),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text().catch((cause: unknown) => this.#lost(cause));
    return text === '' ? undefined : this.#parsed(text);
  }

  /** Events of a path, those after `lastId` if one is given. Ends when the server ends it. */
  async *events(path: string, signal: AbortSignal, lastId?: string): AsyncGenerator<ServerEvent> {
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId };
    const response = await this.#send('GET', path, { signal, headers });
    if (response.body === null) return;
    yield* eventsIn(response.body);
  }

  /** What is under way is given up. */
  close(): void {
    this.#closing.abort();
  }

  async #send(
    method: string,
    path: string,
    {
      signal,
      headers = {},
      body,
    }: { signal: AbortSignal; headers?: Record<string, string>; body?: string },
  ): Promise<Response> {
    const response = await fetch(`${this.address}${root}${path}`, {
      method,
      headers: {
        ...headers,
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
      signal: AbortSignal.any([signal, this.#closing.signal]),
    }).catch((cause: unknown) => this.#lost(cause));
    if (response.ok) return response;
    throw this.#refused(response.status, await response.text().catch(() => ''));
  }

  #lost(cause: unknown): never {
    const isSlow = cause instanceof Error && cause.name === 'TimeoutError';
    const inner = cause instanceof Error ? (cause.cause ?? cause) : cause;
    const why = isSlow ? `no answer within ${this.#timeoutMs / 1000} s` : messageOf(inner);
    const remedy = 'is it the address of a `millrace up --api`?';
    const message = `the API at ${this.address} does not answer (${why}); ${remedy}`;
    throw new MillraceError('unavailable', message, { cause });
  }

  #refused(status: number, text: string): MillraceError {
    const said = saidIn(text) ?? `it answered with ${status}`;
    if (status === 401) {
      const has = this.#token === undefined ? 'set MILLRACE_TOKEN' : 'MILLRACE_TOKEN is not taken';
      return new MillraceError('unauthenticated', `the API at ${this.address}: ${said}; ${has}`);
    }
    return new MillraceError(codes[status] ?? 'rejected', said);
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      const message = `${this.address} answered with what is no JSON; is it the address of an API?`;
      throw new MillraceError('unavailable', message, { cause });
    }
  }
}

/** The message in the body of an error. */
function saidIn(text: string): string | undefined {
  try {
    const { message } = Object(JSON.parse(text)) as { message?: unknown };
    return typeof message === 'string' && message !== '' ? message : undefined;
  } catch {
    return undefined;
  }
}
