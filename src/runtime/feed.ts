/** What this process hears of what is committed and of what running jobs say: for clients beside the host. */
import type { Entry } from '../ports/journal.ts';
import type { OutputSignal, StatusSignal } from '../protocol/attempts.ts';

type Listener = {
  /** Something of the group was committed. */
  onEntry?(entry: Entry): void;
  /** A running attempt of the group says something. */
  onStatus?(signal: StatusSignal): void;
  /** A child process of an attempt of the group prints something. */
  onOutput?(signal: OutputSignal): void;
  /** Nothing more will be heard. */
  onEnd?(): void;
};

const nobody: readonly Listener[] = [];

export class Feed {
  /** By group, so that what is committed costs nothing to those who follow another. */
  readonly #listeners = new Map<string, Set<Listener>>();
  /** Of all groups. */
  readonly #everywhere = new Set<Listener>();
  #hasEnded = false;

  /** Hears of one group, or of all; returns what ends it. */
  subscribe(group: string | undefined, listener: Listener): () => void {
    if (group === undefined) return this.#subscribeEverywhere(listener);
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
      if (entry.group === undefined) continue;
      for (const listener of this.#of(entry.group)) listener.onEntry?.(entry);
      for (const listener of this.#everywhere) listener.onEntry?.(entry);
    }
  }

  status(signal: StatusSignal): void {
    for (const listener of this.#of(signal.requestId)) listener.onStatus?.(signal);
    for (const listener of this.#everywhere) listener.onStatus?.(signal);
  }

  output(signal: OutputSignal): void {
    for (const listener of this.#of(signal.requestId)) listener.onOutput?.(signal);
  }

  /** The host stops: whoever still waits is told. */
  end(): void {
    this.#hasEnded = true;
    for (const listeners of this.#listeners.values()) {
      for (const listener of listeners) listener.onEnd?.();
    }
    for (const listener of this.#everywhere) listener.onEnd?.();
  }

  #subscribeEverywhere(listener: Listener): () => void {
    this.#everywhere.add(listener);
    if (this.#hasEnded) listener.onEnd?.();
    return () => this.#everywhere.delete(listener);
  }

  #of(group: string): Iterable<Listener> {
    return this.#listeners.get(group) ?? nobody;
  }
}
