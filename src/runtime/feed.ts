/** What this process hears of what is committed and of what running jobs say: for clients beside the host. */
import type { Entry } from '../ports/journal.ts';
import type { StatusSignal } from '../protocol/attempts.ts';

type Listener = {
  /** Something of the group was committed. */
  onEntry?(entry: Entry): void;
  /** A running attempt of the group says something. */
  onStatus?(signal: StatusSignal): void;
  /** Nothing more will be heard. */
  onEnd?(): void;
};

export class Feed {
  /** By group, so that what is committed costs nothing to those who follow another. */
  readonly #listeners = new Map<string, Set<Listener>>();
  #hasEnded = false;

  /** Hears of one group; returns what ends it. */
  subscribe(group: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(group) ?? new Set();
    this.#listeners.set(group, listeners.add(listener));
    if (this.#hasEnded) listener.onEnd?.();
    return () => {
      const wasHeard = listeners.delete(listener);
      if (wasHeard && listeners.size === 0) this.#listeners.delete(group);
    };
  }

  committed(entries: readonly Entry[]): void {
    for (const entry of entries) {
      for (const listener of this.#of(entry.group ?? '')) listener.onEntry?.(entry);
    }
  }

  status(signal: StatusSignal): void {
    for (const listener of this.#of(signal.requestId)) listener.onStatus?.(signal);
  }

  /** The host stops: whoever still waits is told. */
  end(): void {
    this.#hasEnded = true;
    for (const listeners of this.#listeners.values()) {
      for (const listener of listeners) listener.onEnd?.();
    }
  }

  #of(group: string): Iterable<Listener> {
    return this.#listeners.get(group) ?? [];
  }
}
