/**
 * Watches over the messages that a partition's groups have sent to other groups: while the oldest of them
 * is not journaled, all are sent again, after a longer wait each time. In memory alone; a new owner begins anew.
 */
import type { Logger } from 'pino';
import type { Clock } from '../ports/clock.ts';
import type { Group } from './group.ts';
import type { Place } from './outbox.ts';

/** A sending group and the group that it sends to. */
export type Pair = { group: string; receiver: string };

/** The first wait; each further one is twice as long. */
const firstWaitMs = 30_000;
const longestWaitMs = 60 * 60_000;

type Watch = { oldest: Place; waitMs: number; takeBack: () => void };

export type ResendOptions = {
  clock: Clock;
  log: Logger;
  /** What is owed of a pair, oldest first, and how it is sent again. */
  owed(pair: Pair): Promise<{ oldest?: Place; send(): Promise<void> }>;
};

export class Resends {
  readonly #options: ResendOptions;
  readonly #watches = new Map<string, Map<string, Watch>>();
  #isStopped = false;

  constructor(options: ResendOptions) {
    this.#options = options;
  }

  /** A message was sent; twice is once. */
  watch(pair: Pair, place: Place): void {
    if (this.#watchOf(pair) === undefined) this.#arm(pair, place, firstWaitMs);
  }

  /** Senders with messages on their way. */
  groups(): string[] {
    return [...this.#watches.keys()];
  }

  /** Ends the watches over what has arrived meanwhile. */
  look({ id, obligations }: Group): void {
    for (const receiver of this.#watches.get(id)?.keys() ?? []) {
      const rows = obligations.outbox.get(receiver) ?? [];
      if (rows.length === 0) this.#end({ group: id, receiver });
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const receivers of this.#watches.values()) {
      for (const { takeBack } of receivers.values()) takeBack();
    }
    this.#watches.clear();
  }

  #watchOf({ group, receiver }: Pair): Watch | undefined {
    return this.#watches.get(group)?.get(receiver);
  }

  #end({ group, receiver }: Pair): void {
    const receivers = this.#watches.get(group);
    receivers?.get(receiver)?.takeBack();
    receivers?.delete(receiver);
    if (receivers?.size === 0) this.#watches.delete(group);
  }

  #arm(pair: Pair, oldest: Place, waitMs: number): void {
    if (this.#isStopped) return;
    const takeBack = this.#options.clock.after(waitMs, () => void this.#again(pair));
    const receivers = this.#watches.get(pair.group) ?? new Map<string, Watch>();
    this.#watches.set(pair.group, receivers.set(pair.receiver, { oldest, waitMs, takeBack }));
  }

  async #again(pair: Pair): Promise<void> {
    const watch = this.#watchOf(pair);
    if (watch === undefined) return;
    const { seq, n } = watch.oldest;
    try {
      const { oldest, send } = await this.#options.owed(pair);
      if (oldest === undefined) {
        this.#end(pair);
      } else if (oldest.seq === seq && oldest.n === n) {
        await send();
        this.#arm(pair, oldest, Math.min(2 * watch.waitMs, longestWaitMs));
      } else {
        this.#arm(pair, oldest, firstWaitMs);
      }
    } catch (err) {
      if (this.#isStopped) return;
      this.#options.log.warn(
        { err, request: pair.group, receiver: pair.receiver },
        'messages not sent again; trying later',
      );
      this.#arm(pair, watch.oldest, watch.waitMs);
    }
  }
}
