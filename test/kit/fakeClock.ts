/** A clock that stands still until a test moves it. */
import type { Clock } from '../../src/ports/clock.ts';

type Waiting = { at: number; callback: () => void };

export class FakeClock implements Clock {
  #now: number;
  #waiting: Waiting[] = [];

  /** Starts at `now`, epoch milliseconds; default: a fixed day in 2026. */
  constructor(now: number = Date.UTC(2026, 0, 5, 9)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.#now + Math.max(0, ms), callback };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((waiting) => waiting !== entry);
    };
  }

  /** Callbacks that have not been called yet. */
  get pending(): number {
    return this.#waiting.length;
  }

  /** Moves on by `ms`, calling what falls due in its order, also what is set on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }

  #next(end: number): Waiting | undefined {
    const due = this.#waiting.filter(({ at }) => at <= end);
    return due.reduce<Waiting | undefined>(
      (first, each) => (first && first.at <= each.at ? first : each),
      undefined,
    );
  }
}
