/** What this process hears of what is committed and of what running jobs say: for clients beside the host. */
import type { Entry } from '../ports/journal.ts';

/** What a running attempt says; never journaled. */
export type StatusSignal = {
  requestId: string;
  jobId: string;
  attempt: number;
  text: string;
  at: number;
};

type Listener = {
  onEntries(entries: readonly Entry[]): void;
  onStatus(signal: StatusSignal): void;
};

export class Feed {
  readonly #listeners = new Set<Listener>();

  /** Returns what ends it. */
  subscribe(listener: Partial<Listener>): () => void {
    const whole: Listener = { onEntries: () => undefined, onStatus: () => undefined, ...listener };
    this.#listeners.add(whole);
    return () => this.#listeners.delete(whole);
  }

  committed(entries: readonly Entry[]): void {
    for (const listener of this.#listeners) listener.onEntries(entries);
  }

  status(signal: StatusSignal): void {
    for (const listener of this.#listeners) listener.onStatus(signal);
  }
}
