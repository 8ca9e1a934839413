/** What a process has opened, closed in the reverse order, whatever of it fails. */
import type { Logger } from 'pino';

export class Closing {
  readonly #log: Logger;
  readonly #closers: (() => unknown)[] = [];
  #closed: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Closed before all that was added before it. */
  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** May be called twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (let next = this.#closers.pop(); next !== undefined; next = this.#closers.pop()) {
      try {
        await next();
      } catch (err) {
        // What a full disk kept from being written is made again from the journal at the next start.
        this.#log.warn({ err }, 'not everything could be written before the stop');
      }
    }
  }
}
