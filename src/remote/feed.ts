/**
 * Follows one request over server-sent events, for all who follow it here: one connection, made again where it
 * broke off, and its transitions so far.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { transitionSchema } from '../api/wire.ts';
import type { NewsListener } from '../link.ts';
import type { RequestTransition } from '../reader.ts';
import { isTerminal } from '../protocol/states.ts';
import { z } from 'zod';
import type { ApiCaller } from './caller.ts';
import type { ServerEvent } from './sse.ts';

const statusSchema = z.object({
  jobId: z.string(),
  try: z.number(),
  status: z.string(),
  at: z.string(),
});

/** Before a connection that broke off is made again, in milliseconds; and so often in a row. */
const againMs = 500;
const mostFailures = 20;

export class Feed {
  readonly #caller: ApiCaller;
  readonly #id: string;
  readonly #listeners = new Set<NewsListener>();
  readonly #moves: RequestTransition[] = [];
  readonly #closing = new AbortController();
  readonly #caughtUp: Promise<void>;
  #onCaughtUp: () => void = () => undefined;
  #lastId: string | undefined;

  constructor(caller: ApiCaller, id: string) {
    this.#caller = caller;
    this.#id = id;
    this.#caughtUp = new Promise((resolve) => (this.#onCaughtUp = resolve));
    void this.#run();
  }

  /** Returns what ends it; answers whether it was the last. */
  listen(listener: NewsListener): () => boolean {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return false;
      this.close();
      return true;
    };
  }

  /** Those after `after` that had been committed when this was asked. */
  async transitions(after: number): Promise<RequestTransition[]> {
    await this.#caughtUp;
    return this.#moves.filter(({ seq }) => seq > after);
  }

  close(): void {
    this.#closing.abort();
    this.#onCaughtUp();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 1; ; failures += 1) {
      const came = await this.#connect();
      if (signal.aborted || came === 'all') return;
      if (came === 'some') failures = 0;
      const isHopeless = failures >= mostFailures || this.#lastId === undefined;
      if (came instanceof Error && isHopeless) {
        this.#end(came);
        return;
      }
      await delay(againMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What came over one connection; `all` when the request has ended and everything was told. */
  async #connect(): Promise<'all' | 'some' | 'nothing' | Error> {
    const path = `/requests/${encodeURIComponent(this.#id)}/events`;
    let came: 'some' | 'nothing' = 'nothing';
    try {
      for await (const event of this.#caller.events(path, this.#closing.signal, this.#lastId)) {
        came = 'some';
        this.#lastId = event.id ?? this.#lastId;
        if (this.#take(event)) return 'all';
      }
    } catch (thrown) {
      return thrown instanceof Error ? thrown : new Error(String(thrown));
    }
    if (came === 'some' || this.#lastId === undefined) return came;
    this.#tell((each) => each.onMissed?.());
    return 'all';
  }

  /** True when nothing follows. */
  #take({ event, data }: ServerEvent): boolean {
    if (event === 'transition') this.#move(data);
    if (event === 'progress') this.#onCaughtUp();
    if (event === 'status') this.#status(data);
    if (event !== 'end') return false;
    this.#onCaughtUp();
    this.#tell((each) => each.onMissed?.());
    return true;
  }

  #move(data: string): void {
    const { at, ...move } = transitionSchema.parse(JSON.parse(data));
    // Told in part before, and now again.
    const isKnown = this.#moves.some(
      ({ seq, actor, from, to }) =>
        seq === move.seq && actor === move.actor && from === move.from && to === move.to,
    );
    if (isKnown) return;
    this.#moves.push({ ...move, at: Date.parse(at) });
    const isEnd = move.actor === 'chain' && (isTerminal(move.to) || move.to === 'SUSPENDED');
    const state = move.actor === 'chain' ? { state: move.to } : {};
    this.#tell((each) => each.onCommitted?.({ requestId: this.#id, seq: move.seq, ...state }));
    if (isEnd) this.#onCaughtUp();
  }

  #status(data: string): void {
    const { jobId, try: attempt, status: text, at } = statusSchema.parse(JSON.parse(data));
    const said = { requestId: this.#id, jobId, actor: '', attempt, text, at: Date.parse(at) };
    this.#tell((each) => each.onStatus?.(said));
  }

  #end(why: Error): void {
    this.#onCaughtUp();
    this.#tell((each) => each.onEnd?.(why));
  }

  #tell(how: (listener: NewsListener) => void): void {
    for (const listener of [...this.#listeners]) how(listener);
  }
}
