/**
 * The write queue: everything that one event-loop turn appends, and all lazy writes that wait, go into
 * one transaction, in the order they were queued. Stands between the tables' files and the connection.
 */
import { DocumentError, messageOf, MillraceError, TransientError } from '../../protocol/errors.ts';
import type { Appended } from '../../ports/journal.ts';
import { sqliteFault, type Connection } from './connection.ts';

/** What a lazy write touches: a read of it writes first what waits. */
export type Lazy =
  'partitions' | 'snapshots' | 'heads' | 'timers' | 'blobs' | 'hosts' | 'deployment';

type Append = {
  /** Throws DocumentError for what it cannot store; what it wrote before that stays. */
  write(): Appended;
  resolve(outcome: Appended): void;
  reject(error: Error): void;
};

type Item = Append | { table: Lazy; bytes: number; write(): void };

const idleMs = 25;
/** A transaction holds about so many bytes of lazy writes; more would hold up the event loop. */
const transactionBytes = 1024 * 1024;
const retryMs = 1000;

/** SQLITE_TOOBIG, _CONSTRAINT, _MISMATCH and _RANGE: they end a statement, not the transaction. */
const valueFaults = new Set([18, 19, 20, 25]);

/** By primary code: SQLITE_FULL, _BUSY, _LOCKED, _READONLY. */
const remedies = new Map([
  [13, 'the disk is full, or the file has reached its page limit: free some space'],
  [5, 'another program holds the file: end it'],
  [6, 'another program holds the file: end it'],
  [8, 'it was opened for reading, or may not be written: check its permissions'],
]);

/** The error's cause lies in the values, so that other writes can succeed. */
export function isValueFault(error: unknown): boolean {
  const fault = sqliteFault(error);
  // Not SQLite's: a value that libsql does not take.
  return fault === undefined || valueFaults.has(fault.primary);
}

export class CommitQueue {
  /** Transactions committed so far. */
  commits = 0;
  readonly #connection: Connection;
  #items: Item[] = [];
  /** Of the lazy writes that wait. */
  #bytes = 0;
  #dirty = new Set<Lazy>();
  #refused: Error[] = [];
  #turn: NodeJS.Immediate | undefined;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Queues an urgent write: committed at the end of this event-loop turn. */
  append(write: () => Appended): Promise<Appended> {
    if (this.#closed) return Promise.reject(this.#closedError());
    return new Promise((resolve, reject) => {
      this.#items.push({ write, resolve, reject });
      this.#turn ??= setImmediate(() => this.#attempt());
    });
  }

  /**
   * Queues a write that may wait; resolves at once, as its place in the order is all that is promised.
   * `bytes`: about how much it writes, if that is much.
   */
  later(table: Lazy, write: () => void, bytes = 0): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closedError());
    this.#items.push({ table, bytes, write });
    this.#dirty.add(table);
    this.#bytes += bytes;
    if (this.#bytes > transactionBytes) this.#turn ??= setImmediate(() => this.#attempt());
    else this.#wait(idleMs);
    return Promise.resolve();
  }

  /** Before a read: writes what waits if any of it concerns this table. */
  settle(table: Lazy): void {
    while (this.#dirty.has(table)) this.#commit();
  }

  /** Writes all that waits; throws TransientError, or the refusal of a lazy write since the last flush. */
  flush(): void {
    while (this.#items.length > 0) this.#commit();
    const refused = this.#refused;
    this.#refused = [];
    if (refused.length > 0) {
      throw new MillraceError(
        'document',
        `${refused.length} writes to ${this.#connection.path} were refused: ${refused[0]?.message}`,
        {
          cause: refused[0],
        },
      );
    }
  }

  /** Ends the queue; writes after this are refused. */
  close(): void {
    this.#closed = true;
    this.#clearTimers();
  }

  #wait(ms: number): void {
    this.#idle ??= setTimeout(() => this.#attempt(), ms).unref();
  }

  #clearTimers(): void {
    clearImmediate(this.#turn);
    clearTimeout(this.#idle);
    this.#turn = undefined;
    this.#idle = undefined;
  }

  /** A commit that nobody awaits: the appends in it are told, the lazy writes stay queued. */
  #attempt(): void {
    try {
      this.#commit();
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
    }
  }

  /** One transaction of what waits longest: all of it, or about as much as is good for one. */
  #commit(): void {
    this.#clearTimers();
    const items = this.#takeSome();
    if (items.length === 0) return;
    let settled: (() => void)[];
    try {
      settled = this.#transaction(items);
    } catch (error) {
      throw this.#undo(items, error);
    }
    this.commits += 1;
    if (this.#items.length === 0) this.#dirty.clear();
    else this.#turn ??= setImmediate(() => this.#attempt());
    for (const settle of settled) settle();
  }

  #takeSome(): Item[] {
    let [end, bytes] = [0, 0];
    for (; end < this.#items.length && bytes <= transactionBytes; end += 1) {
      bytes += bytesOf(this.#items[end]);
    }
    const taken = this.#items.slice(0, end);
    this.#items = this.#items.slice(end);
    this.#bytes -= bytes;
    return taken;
  }

  // A statement that fails undoes only itself, so an append needs no savepoint to keep what it wrote before.
  #transaction(items: readonly Item[]): (() => void)[] {
    const settled: (() => void)[] = [];
    this.#connection.exec('BEGIN IMMEDIATE');
    for (const item of items) {
      if ('table' in item) this.#writeLazy(item.write);
      else settled.push(this.#writeAppend(item));
    }
    this.#connection.exec('COMMIT');
    return settled;
  }

  #writeAppend(item: Append): () => void {
    try {
      const outcome = item.write();
      return () => item.resolve(outcome);
    } catch (error) {
      if (!(error instanceof DocumentError) || !this.#connection.inTransaction) throw error;
      return () => item.reject(error);
    }
  }

  #writeLazy(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!isValueFault(error) || !this.#connection.inTransaction) throw error;
      this.#refused.push(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Nothing was written: the appends are refused, the lazy writes keep their place for the next try. */
  #undo(items: readonly Item[], cause: unknown): TransientError {
    const failure = unavailable(this.#connection.path, cause);
    const waiting: Item[] = [];
    for (const item of items) {
      if ('table' in item) waiting.push(item);
      else item.reject(failure);
    }
    this.#items = [...waiting, ...this.#items];
    this.#bytes += waiting.reduce((sum, item) => sum + bytesOf(item), 0);
    if (this.#items.length > 0) this.#wait(retryMs);
    if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK');
    return failure;
  }

  #closedError(): TransientError {
    return new TransientError(`The store ${this.#connection.path} is closed; open it again.`);
  }
}

function bytesOf(item: Item | undefined): number {
  return item !== undefined && 'table' in item ? item.bytes : 0;
}

function unavailable(path: string, cause: unknown): TransientError {
  const fault = sqliteFault(cause);
  const reason = messageOf(cause);
  const remedy = remedies.get(fault?.primary ?? 0) ?? 'check the disk that holds it';
  return new TransientError(
    `Cannot write ${path}: ${reason} (${fault?.name ?? 'unexpected'}); ${remedy}. The write is tried again.`,
    { cause },
  );
}
