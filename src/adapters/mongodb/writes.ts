/**
 * The lazy writes of a store: what waits is gathered by key and goes out in rounds, one bulk write a
 * collection. Rounds go one after another, and within one the collections in the order of their phases,
 * so that nothing is stored before what it relies on.
 */
import { MillraceError, TransientError } from '../../protocol/errors.ts';

export type LazyOptions<T> = {
  /** Blobs, then what names them, then what says that all is stored. */
  phase: number;
  /** Which of two that wait under one key is written; default the later. */
  merge?: (waiting: T, next: T) => T;
  /** Writes them; resolves with the documents that can never be stored. */
  write: (items: readonly T[]) => Promise<Error[]>;
};

/** Where a log takes what nobody awaits. */
export type Warn = (error: unknown, message: string) => void;

/** So long the first of what waits waits for more. */
const lingerMs = 20;
const retryMs = 1000;

/** One collection's lazy writes. */
class LazyWrites<T> {
  readonly phase: number;
  readonly #options: LazyOptions<T>;
  #waiting = new Map<string, T>();
  #taken = new Map<string, T>();

  constructor(options: LazyOptions<T>) {
    this.phase = options.phase;
    this.#options = options;
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  get isDirty(): boolean {
    return this.#waiting.size > 0 || this.#taken.size > 0;
  }

  add(key: string, item: T): void {
    this.#waiting.set(key, this.#merged(this.#waiting.get(key), item));
  }

  /** Begins a round. */
  take(): void {
    this.#taken = this.#waiting;
    this.#waiting = new Map();
  }

  async write(): Promise<Error[]> {
    if (this.#taken.size === 0) return [];
    const refused = await this.#options.write([...this.#taken.values()]);
    this.#taken.clear();
    return refused;
  }

  /** What the round has not written waits again, before what has come since. */
  giveBack(): void {
    const later = this.#waiting;
    this.#waiting = this.#taken;
    this.#taken = new Map();
    for (const [key, item] of later) this.add(key, item);
  }

  #merged(waiting: T | undefined, next: T): T {
    const { merge } = this.#options;
    return waiting === undefined || merge === undefined ? next : merge(waiting, next);
  }
}

export class WriteQueue {
  readonly #name: string;
  readonly #warn: Warn;
  readonly #tables: LazyWrites<unknown>[] = [];
  #phases: number[] = [];
  #round: Promise<void> | undefined;
  #linger: NodeJS.Timeout | undefined;
  #refused: Error[] = [];
  #closed: string | undefined;

  /** `name`: of the store, for errors; `warn` is told what nobody awaits. */
  constructor(name: string, warn: Warn = () => {}) {
    this.#name = name;
    this.#warn = warn;
  }

  /** A collection's lazy writes. `add` and `settle` are all that its port needs. */
  table<T>(options: LazyOptions<T>): Lazy<T> {
    const table = new LazyWrites(options);
    // A cast: of a table the queue only takes, writes and gives back what the table itself holds.
    this.#tables.push(table as unknown as LazyWrites<unknown>);
    this.#phases = [...new Set(this.#tables.map(({ phase }) => phase))].sort((a, b) => a - b);
    return {
      add: async (items) => {
        this.#refuseClosed();
        for (const [key, item] of items) table.add(key, item);
        if (table.isWaiting) this.#wait(lingerMs);
      },
      settle: () => this.#settle(() => table.isDirty),
      isDirty: () => table.isDirty,
    };
  }

  /** Writes all that waits now; rejects with TransientError. */
  settle(): Promise<void> {
    return this.#settle(() => this.#tables.some(({ isDirty }) => isDirty));
  }

  /** As `settle`; also rejects with what was refused since the last flush. */
  async flush(): Promise<void> {
    await this.settle();
    const refused = this.#refused;
    this.#refused = [];
    if (refused.length === 0) return;
    throw new MillraceError(
      'document',
      `${refused.length} writes to MongoDB at ${this.#name} were refused: ${refused[0]?.message}`,
      { cause: refused[0] },
    );
  }

  /** Refuses all further writes with this sentence. */
  close(reason: string): void {
    this.#closed = reason;
    clearTimeout(this.#linger);
  }

  async #settle(isDirty: () => boolean): Promise<void> {
    // The round that runs may have begun before; what it cannot write waits again.
    if (isDirty()) await this.#round?.catch(() => {});
    if (isDirty()) await this.#begin();
  }

  #wait(ms: number): void {
    this.#linger ??= setTimeout(() => {
      this.#linger = undefined;
      this.settle().catch((error: unknown) => {
        if (this.#closed !== undefined) return;
        this.#warn(error, 'lazy writes failed; trying again');
        this.#wait(retryMs);
      });
    }, ms).unref();
  }

  #begin(): Promise<void> {
    this.#round ??= this.#write().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async #write(): Promise<void> {
    this.#refuseClosed();
    for (const table of this.#tables) table.take();
    try {
      for (const phase of this.#phases) await this.#writePhase(phase);
    } catch (error) {
      for (const table of this.#tables) table.giveBack();
      throw error;
    }
  }

  async #writePhase(phase: number): Promise<void> {
    const tables = this.#tables.filter((table) => table.phase === phase);
    const outcomes = await Promise.allSettled(tables.map((table) => table.write()));
    for (const outcome of outcomes) {
      for (const refused of outcome.status === 'fulfilled' ? outcome.value : []) {
        this.#warn(refused, 'a document was refused');
        this.#refused.push(refused);
      }
    }
    const failed = outcomes.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  #refuseClosed(): void {
    if (this.#closed !== undefined) throw new TransientError(this.#closed);
  }
}

/** What the file of a port sees of its lazy writes. */
export type Lazy<T> = {
  /** Queues items under their keys; resolves at once, as the order is all that is promised. */
  add(items: Iterable<readonly [key: string, item: T]>): Promise<void>;
  /** Before a read: writes first what waits for this collection. */
  settle(): Promise<void>;
  /** Something waits or is being written. */
  isDirty(): boolean;
};
