/** What this process hears of what is committed and of what running jobs say: for clients beside the host. */
import type { Entry } from '../ports/journal.ts';
import type { StatusSignal } from '../protocol/attempts.ts';

type Listener = {
  onEntries(entries: readonly Entry[]): void;
  onStatus(signal: StatusSignal): void;
  /** Nothing more will be heard. */
  onEnd(): void;
};

export class Feed {
  readonly #listeners = new Set<Listener>();
  #hasEnded = false;

  /** Returns what ends it. */
  subscribe(listener: Partial<Listener>): () => void {
    const silent = (): void => undefined;
    const whole: Listener = { onEntries: silent, onStatus: silent, onEnd: silent, ...listener };
    this.#listeners.add(whole);
    if (this.#hasEnded) whole.onEnd();
    return () => this.#listeners.delete(whole);
  }

  committed(entries: readonly Entry[]): void {
    for (const listener of this.#listeners) listener.onEntries(entries);
  }

  /** The host stops: whoever still waits is told. */
  end(): void {
    this.#hasEnded = true;
    for (const listener of this.#listeners) listener.onEnd();
  }

  status(signal: StatusSignal): void {
    for (const listener of this.#listeners) listener.onStatus(signal);
  }
}
