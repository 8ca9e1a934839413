/**
 * The timers of one partition: those due soon are armed on the clock, the others wait in the store's
 * index. One that fires goes through the mailbox like any message (architecture, section 7).
 */
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { TimerRow } from '../ports/timers.ts';
import { timerFired } from './incoming.ts';
import type { Incoming } from './incoming.ts';
import type { Mailbox } from './mailbox.ts';

/** Timers due within this are armed. */
const horizonMs = 5 * 60_000;

/** How often the index is looked at. */
const sweepMs = 60_000;

type Place = Omit<TimerRow, 'partition'>;

export type TimerOptions = { partition: number; store: Store; clock: Clock; mailbox: Mailbox };

export class PartitionTimers {
  readonly #options: TimerOptions;
  readonly #armed = new Map<string, () => void>();
  #takeBack: (() => void) | undefined;
  #isStopped = false;

  constructor(options: TimerOptions) {
    this.#options = options;
  }

  /** Arms what the index has due soon, now and every minute. */
  async arm(): Promise<void> {
    const { store, partition, clock } = this.#options;
    const rows = await store.timers.due(partition, clock.now() + horizonMs);
    if (this.#isStopped) return;
    for (const row of rows) this.hold(row);
    this.#sweepLater();
  }

  /** An index that cannot be read just now is looked at again a minute later. */
  #sweepLater(): void {
    this.#takeBack = this.#options.clock.after(sweepMs, () => {
      this.arm().catch(() => {
        if (!this.#isStopped) this.#sweepLater();
      });
    });
  }

  /** Arms a timer if it is due soon; twice is once. */
  hold(timer: Place): void {
    const { clock, mailbox } = this.#options;
    const id = `${timer.group}/${timer.seq}/${timer.n}`;
    const inMs = Math.max(0, timer.due - clock.now());
    if (this.#isStopped || inMs > horizonMs || this.#armed.has(id)) return;
    const takeBack = clock.after(inMs, () => {
      this.#armed.delete(id);
      const body = JSON.stringify({ seq: timer.seq, n: timer.n });
      mailbox.push({ own: { type: timerFired, group: timer.group, to: '', meta: {}, body } });
    });
    this.#armed.set(id, takeBack);
  }

  /**
   * Removes the row of a timer that fired and is not held. `knownSeq`: how far the group is known here; a timer
   * that was set later is a later owner's, whom this one has not heard of yet.
   */
  async forget(fired: Incoming, knownSeq: number): Promise<void> {
    const { store, partition } = this.#options;
    const { seq, n } = JSON.parse(fired.body ?? '{}') as { seq: number; n: number };
    if (seq > knownSeq) return;
    await store.timers.remove([{ partition, group: fired.group, seq, n, due: 0 }]);
  }

  stop(): void {
    this.#isStopped = true;
    this.#takeBack?.();
    for (const takeBack of this.#armed.values()) takeBack();
    this.#armed.clear();
  }
}
