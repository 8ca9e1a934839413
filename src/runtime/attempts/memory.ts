/**
 * What an ownership knows of attempts without the journal: when leases were last renewed, which starts it has
 * sent in place of an earlier owner's, which were cancelled. It decides what is sent and what is not even
 * judged; nothing that a turn reads.
 */
import type { Clock } from '../../ports/clock.ts';
import { leasePeriodMs } from '../../protocol/attempts.ts';

/** Starts that were cancelled are remembered up to this many, the newest. */
const mostCancelled = 10_000;

/** Executions that are remembered before those are looked for that have long ended. */
const manyHeard = 1000;

export class AttemptMemory {
  /** Sent again by this owner: a copy with an older claim is dropped. */
  readonly #sentAnew = new Set<string>();
  readonly #cancelled = new Set<string>();
  /** By execution. */
  readonly #heardAt = new Map<string, number>();
  readonly #clock: Clock;
  #pruneAbove = manyHeard;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  sentAnew(startId: string): void {
    this.#sentAnew.add(startId);
  }

  /** An earlier copy of it that still turns up is not to be run. */
  wasSentAnew(startId: string): boolean {
    return this.#sentAnew.has(startId);
  }

  /** The tombstone of an attempt: a worker that comes later is told of it. */
  cancelled(startId: string): void {
    this.#cancelled.add(startId);
    if (this.#cancelled.size <= mostCancelled) return;
    for (const oldest of this.#cancelled) {
      this.#cancelled.delete(oldest);
      return;
    }
  }

  /** Start ids that workers answer unrun. */
  tombstones(): string[] {
    return [...this.#cancelled];
  }

  /** Nothing has to be noted of attempts that are answered. */
  get isBlank(): boolean {
    return this.#sentAnew.size + this.#cancelled.size === 0;
  }

  answered(startId: string): void {
    this.#sentAnew.delete(startId);
    this.#cancelled.delete(startId);
  }

  /** The execution's worker is alive. */
  heard(executionId: string): void {
    const now = this.#clock.now();
    this.#heardAt.set(executionId, now);
    if (this.#heardAt.size > this.#pruneAbove) this.#prune(now);
  }

  /** Until when its lease is good; an execution not heard of before is granted a full period. */
  goodUntil(executionId: string): number {
    const heardAt = this.#heardAt.get(executionId);
    if (heardAt !== undefined) return heardAt + leasePeriodMs;
    this.heard(executionId);
    return this.fullPeriod();
  }

  /** When a lease that is renewed now is over. */
  fullPeriod(): number {
    return this.#clock.now() + leasePeriodMs;
  }

  #prune(now: number): void {
    for (const [execution, at] of this.#heardAt)
      if (at + 3 * leasePeriodMs < now) this.#heardAt.delete(execution);
    this.#pruneAbove = Math.max(manyHeard, 2 * this.#heardAt.size);
  }
}
