/** Asks a host over its control socket: one question at a time, or lines for as long as they come. */
import { Agent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { maxUserDataBytes } from '../protocol/envelope.ts';
import { MillraceError } from '../protocol/errors.ts';
import { toError } from './problems.ts';
import { withAddress } from './socketPath.ts';

export type CallerOptions = {
  socket: string;
  /** How long a host that has gone away may take to come back, in milliseconds. */
  patienceMs: number;
};

const longestPauseMs = 500;

export class Caller {
  readonly #socket: string;
  readonly #patienceMs: number;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #closing = new AbortController();

  constructor({ socket, patienceMs }: CallerOptions) {
    this.#socket = socket;
    this.#patienceMs = patienceMs;
  }

  /** What the host answers. Rejects as the host says, or with MillraceError `unavailable` when there is none. */
  async ask(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const response = await this.#send(method, path, { body });
    const text = await this.#read(response);
    const { statusCode = 500 } = response;
    if (statusCode >= 400) throw toError(statusCode, text);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }

  /** The same for what may be asked twice: while the host is away it is asked again. */
  askAgain(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    return this.patiently(() => this.ask(method, path, body));
  }

  /** Calls `onLine` for each line; resolves when they end, or the host is gone. */
  async follow(path: string, signal: AbortSignal, onLine: (line: string) => void): Promise<void> {
    const response = await this.#send('GET', path, { signal });
    const { statusCode = 500 } = response;
    if (statusCode >= 400) throw toError(statusCode, await this.#read(response));
    let rest = '';
    try {
      for await (const chunk of response.setEncoding('utf8')) {
        const lines = `${rest}${chunk}`.split('\n');
        rest = lines.pop() ?? '';
        lines.forEach(onLine);
      }
    } catch {
      // That it broke off says no more than that it has ended.
    }
  }

  /** Tries again while the host is away, for as long as there is patience. */
  async patiently<T>(attempt: () => Promise<T>): Promise<T> {
    let giveUpAt: number | undefined;
    for (let pauseMs = 20; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await attempt();
      } catch (thrown) {
        giveUpAt ??= Date.now() + this.#patienceMs;
        if (!isUnavailable(thrown) || Date.now() + pauseMs > giveUpAt) throw thrown;
      }
      await delay(pauseMs, undefined, { signal: this.#closing.signal });
    }
  }

  /** What is under way is given up. */
  close(): void {
    this.#closing.abort();
    this.#agent.destroy();
  }

  async #send(
    method: string,
    path: string,
    { body, signal }: { body?: object | undefined; signal?: AbortSignal },
  ): Promise<IncomingMessage> {
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const text = body === undefined ? '' : toText(body);
    const headers = text === '' ? {} : { 'content-type': 'application/json' };
    return withAddress(
      this.#socket,
      (socketPath) =>
        new Promise((resolve, reject) => {
          const options = { socketPath, method, path, headers, agent: this.#agent };
          const request = httpRequest({ ...options, signal: AbortSignal.any(signals) }, resolve);
          request.once('error', (cause) => {
            reject(this.#closing.signal.aborted ? closed() : this.#unreachable(cause));
          });
          request.end(text);
        }),
    );
  }

  async #read(response: IncomingMessage): Promise<string> {
    try {
      let text = '';
      response.setEncoding('utf8');
      for await (const chunk of response) text += String(chunk);
      return text;
    } catch (cause) {
      throw gone(cause);
    }
  }

  #unreachable(cause: NodeJS.ErrnoException): MillraceError {
    const isAbsent = cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED';
    if (!isAbsent) return gone(cause);
    const data = dirname(this.#socket);
    return new MillraceError('unavailable', `no process hosts ${data}; ${remedy}`, { cause });
  }
}

/** The host would refuse it while it is still being written, which reads as if it had gone away. */
function toText(body: object): string {
  const text = JSON.stringify(body);
  if (Buffer.byteLength(text) <= maxUserDataBytes) return text;
  const most = `${maxUserDataBytes / 1024 / 1024} MiB`;
  throw new MillraceError('usage', `args are larger than ${most}; store them and give their name`);
}

const remedy = 'start one with `millrace up`, or go on with one request with `millrace resume ID`';

export function isUnavailable(thrown: unknown): boolean {
  return thrown instanceof MillraceError && thrown.code === 'unavailable';
}

function gone(cause: unknown): MillraceError {
  const message = 'the process that hosts the folder went away before it answered; ask again';
  return new MillraceError('unavailable', message, { cause });
}

function closed(): MillraceError {
  return new MillraceError('state', 'the client was closed before the host answered');
}
