/** What programs do with requests: start, follow, stop, suspend, resume; beside the host or from another process. */
import type { z } from 'zod';
import type { ChainDefinition } from './definitions.ts';
import { transitions, until } from './follow.ts';
import type { Command, Committed, Link, RetryOptions, SendOptions, StartOptions } from './link.ts';
import type { OutputSignal, StatusSignal } from './protocol/attempts.ts';
import { isTerminal } from './protocol/states.ts';
import type { ActorEvent } from './runtime/actor.ts';
import type { Reader, RequestEvent, RequestStatus, RequestTransition } from './reader.ts';

export type { Committed, RetryOptions, SendOptions, StartOptions } from './link.ts';

/** A request that was started. */
export type Request = {
  readonly id: string;
  /** As it stands. */
  status(): Promise<RequestStatus>;
  /** Every change of state from its creation on; ends when the request does, or when `signal` is aborted. */
  transitions(options?: { signal?: AbortSignal }): AsyncIterable<RequestTransition>;
  /** What running attempts say, until the request ends or `signal` is aborted. */
  onStatus(listener: (signal: StatusSignal) => void): () => void;
  /** What child processes of its attempts print, while they do; what was printed before is in the event log. */
  onOutput(listener: (signal: OutputSignal) => void): () => void;
  /** Resolves when it is COMPLETE, FAIL or STOPPED. */
  finished(): Promise<RequestStatus>;
  /** Resolves when it has ended, is SUSPENDED, or is parked. */
  settled(): Promise<RequestStatus>;
  /** Ends it: running jobs are stopped. Rejects with MillraceError `state` when it cannot be. */
  stop(): Promise<void>;
  /** Stops running jobs and keeps the rest for `resume`, for as long as it takes. */
  suspend(): Promise<void>;
  resume(): Promise<void>;
  /** Steps what was kept while it was parked; `skip` sets the message that throws aside. Answers how many. */
  unpark(options?: { skip?: boolean }): Promise<{ stepped: number; skipped: number }>;
  /** The event log from `after` on. */
  events(after?: number): AsyncIterable<RequestEvent>;
};

export type Client = {
  /** Plans a chain and starts it; resolves when it is committed. Rejects with MillraceError `plan`. */
  start<Args extends z.ZodType>(
    chain: ChainDefinition<Args>,
    args: z.input<Args>,
    options?: StartOptions,
  ): Promise<Request>;
  /** The same by the type of a chain that the host knows. */
  start(type: string, args: unknown, options?: StartOptions): Promise<Request>;
  /**
   * Starts a new request that keeps what is complete of one that has ended, and runs the rest. Rejects with
   * MillraceError `not-found`, with `state` when it has not ended or nothing is left to run, or with `plan`.
   */
  retry(id: string, options?: RetryOptions): Promise<Request>;
  /** A request by its id; nothing is asked yet. */
  request(id: string): Request;
  /**
   * Sends an event to an actor of one's own, `group/kind/id`, as its `accepts` says; one of `startedBy` makes
   * the actor if it is not there. Resolves after the commit with the actor's reply, now or later, or with
   * `{ ok: true }` when it gives none. A reply `{ ok: false, code, message }` rejects with a MillraceError.
   */
  send(address: string, event: ActorEvent, options?: SendOptions): Promise<unknown>;
  /**
   * What an actor answers to a question of its own (`queries`), without an entry in the journal; `address`
   * is `group`, for the group's first actor, or `group/kind/id`. Rejects with MillraceError `not-found` or `state`.
   */
  query(address: string, name: string, args?: unknown): Promise<unknown>;
  /** Hears of what is committed, of all requests; returns what ends it. */
  onCommitted(listener: (committed: Committed) => void): () => void;
  reader: Reader;
};

/** A client of the host at the other end of a link. */
export function createClient(link: Link): Client {
  const { news, reader } = link;

  const command = async (id: string, type: Command): Promise<void> => {
    await link.command(id, type);
  };

  const request = (id: string): Request => ({
    id,
    status: () => reader.status(id),
    transitions: ({ signal } = {}) => transitions(link, id, signal),
    onStatus: (listener) => news.subscribe(id, { onStatus: listener }),
    onOutput: (listener) => news.subscribe(id, { onOutput: listener }),
    finished: () => until(link, id, ({ state }) => isTerminal(state)),
    settled: () =>
      until(
        link,
        id,
        ({ state, parked }) => isTerminal(state) || state === 'SUSPENDED' || parked !== undefined,
      ),
    stop: () => command(id, 'request.stop'),
    suspend: () => command(id, 'request.suspend'),
    resume: () => command(id, 'request.resume'),
    unpark: async ({ skip = false } = {}) => {
      const { stepped, skipped } = await link.command(id, 'group.unpark', { skip });
      return { stepped: Number(stepped), skipped: Number(skipped) };
    },
    events: (after) => reader.events(id, after),
  });

  return {
    reader,
    request,
    send: (address, event, options) => link.send(address, event, options),
    query: (address, name, args) => link.query(address, name, args),
    retry: async (id, options) => request(await link.retry({ ...options, of: id })),
    onCommitted: (listener) => news.subscribe(undefined, { onCommitted: listener }),
    async start(chain: ChainDefinition | string, args: unknown, options: StartOptions = {}) {
      return request(await link.start({ ...options, chain, args }));
    },
  };
}
