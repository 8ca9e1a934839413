/**
 * One connection to RabbitMQ that comes back for ever. The loop is our own: amqplib's recovery lets what is
 * asked meanwhile wait where the port rejects, and leaves the socket of a network that went silent open.
 */
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type ChannelModel } from 'amqplib';
import type { BrokerListener } from '../../ports/broker.ts';
import { messageOf, MillraceError, TransientError } from '../../protocol/errors.ts';
import { backoffMs } from '../../runtime/backoff.ts';

export type Log = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
};

export type ConnectionOptions = {
  /** `amqp://user:password@host:port/vhost`, or `amqps:`. */
  url: string;
  /** What the management UI shows behind host and pid; the process's roles. */
  name: string;
  log: Log;
  /** The first connection may take so long; after it there is no limit. */
  connectWithinMs: number;
  /** Makes a new connection ready, before anybody hears of it; when it rejects, the connection is given up. */
  setUp(model: ChannelModel): Promise<void>;
};

/** Silence of this length, twice, is the end of a connection. */
const heartbeatSeconds = 5;
/** No answer to a connect for this long is a failure; nor does an orderly close wait longer. */
const connectMs = 10_000;
const closeMs = 2_000;
/** So much may wait in the socket before amqplib stops giving it more. */
const writeAheadBytes = 256 * 1024;
const backoff = { firstMs: 100, mostMs: 5_000 };

type Live = { model: ChannelModel; end: AbortController };

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #url: URL;
  readonly #listeners = new Set<BrokerListener>();
  readonly #closing = new AbortController();
  #live: Live | undefined;
  /** Ends the connect that is under way. */
  #trying: AbortController | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#url = parsed(options.url);
  }

  /** What channels are made of; throws TransientError while there is none. */
  get model(): ChannelModel {
    if (this.#live !== undefined) return this.#live.model;
    const state = this.#closing.signal.aborted ? 'is closed' : 'is lost; it is being made again';
    throw new TransientError(`The connection to ${this.#shown} ${state}.`);
  }

  isLive(model: ChannelModel): boolean {
    return this.#live?.model === model;
  }

  watch(listener: BrokerListener): () => void {
    // A copy, so that one that is given twice is two.
    const own = { ...listener };
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** The first connection. Rejects when there is none in time, at once when the login is refused. */
  async open(): Promise<void> {
    const end = Date.now() + this.#options.connectWithinMs;
    for (let failures = 1; ; failures += 1) {
      try {
        await this.#connect();
        return;
      } catch (error) {
        if (isRefused(error)) throw this.#refusal(error);
        const waitMs = backoffMs(failures, Math.random(), backoff);
        if (Date.now() + waitMs > end || this.#closing.signal.aborted) throw this.#absence(error);
        this.#options.log.warn({ err: error, failures }, `${this.#shown} does not answer yet`);
        await this.#pause(waitMs);
      }
    }
  }

  /** After what has to be said `before`, and in order, when both take no longer than 2 s. */
  async close(before: () => Promise<unknown>): Promise<void> {
    this.#closing.abort();
    this.#trying?.abort();
    const live = this.#live;
    this.#live = undefined;
    const orderly = before().then(() => live?.model.close());
    await Promise.race([orderly.catch(() => undefined), delay(closeMs, undefined, { ref: false })]);
    live?.end.abort();
  }

  async #connect(): Promise<void> {
    const end = new AbortController();
    this.#trying = end;
    const model = await connect(this.#url.href, this.#socketOptions(end.signal));
    let lost: string | undefined;
    model.on('error', () => undefined);
    model.on('close', (error) => {
      lost = error === undefined ? 'it was closed' : error.message;
      end.abort();
      this.#lose(model, lost);
    });
    model.on('blocked', (reason) => this.#tell((listener) => listener.onBlocked?.(reason)));
    model.on('unblocked', () => this.#tell((listener) => listener.onUnblocked?.()));
    try {
      await this.#options.setUp(model);
      // It may have ended between the last answer of `setUp` and this line.
      if (lost !== undefined) throw new TransientError(lost);
      if (this.#closing.signal.aborted) throw new TransientError('it is not wanted any more');
    } catch (error) {
      end.abort();
      throw error;
    }
    this.#live = { model, end };
    this.#trying = undefined;
    this.#tell((listener) => listener.onConnected?.());
  }

  #lose(model: ChannelModel, reason: string): void {
    if (!this.isLive(model)) return;
    this.#live = undefined;
    this.#options.log.warn({ reason }, `the connection to ${this.#shown} is lost`);
    this.#tell((listener) => listener.onDisconnected?.(reason));
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      await this.#pause(backoffMs(failures, Math.random(), backoff));
      if (this.#closing.signal.aborted) return;
      try {
        await this.#connect();
        this.#options.log.info({ failures }, `the connection to ${this.#shown} is back`);
        return;
      } catch (error) {
        this.#options.log.warn({ err: error, failures }, `${this.#shown} does not answer`);
      }
    }
  }

  /** Its signal ends the socket, which amqplib leaves open when the other side went silent. */
  #socketOptions(signal: AbortSignal) {
    const connection_name = `${hostname()}:${process.pid} ${this.#options.name}`;
    const clientProperties = { product: 'millrace', connection_name };
    return {
      noDelay: true,
      timeout: connectMs,
      signal,
      clientProperties,
      highWaterMark: writeAheadBytes,
    };
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  #tell(say: (listener: BrokerListener) => void): void {
    for (const listener of [...this.#listeners]) say(listener);
  }

  get #shown(): string {
    const { protocol, host, pathname } = this.#url;
    return `RabbitMQ at ${protocol}//${host}${pathname}`;
  }

  #refusal(cause: unknown): MillraceError {
    const user = decodeURIComponent(this.#url.username) || 'guest';
    const text = `${this.#shown} refuses the user "${user}": ${messageOf(cause)}`;
    return new MillraceError('config', `${text}; correct MILLRACE_AMQP_URL.`, { cause });
  }

  #absence(cause: unknown): TransientError {
    const text = `${this.#shown} does not answer (${messageOf(cause)})`;
    return new TransientError(`${text}; start it, or correct MILLRACE_AMQP_URL.`, { cause });
  }
}

function parsed(url: string): URL {
  const remedy = 'MILLRACE_AMQP_URL must look like amqp://user:password@host:5672/vhost';
  // No cause: it would show the URL with its password.
  if (!URL.canParse(url)) throw new MillraceError('config', `${remedy}.`);
  const parsed = new URL(url);
  if (!/^amqps?:$/.test(parsed.protocol))
    throw new MillraceError('config', `${remedy}, not ${parsed.protocol}.`);
  if (!parsed.searchParams.has('heartbeat'))
    parsed.searchParams.set('heartbeat', String(heartbeatSeconds));
  return parsed;
}

/** Wrong password, or no access to the virtual host: trying again changes nothing. */
function isRefused(error: unknown): boolean {
  return /\b(ACCESS.REFUSED|NOT.ALLOWED)\b/.test(messageOf(error));
}
