/**
 * Leases of attempts that take long: 30 s after its delivery an execution takes one in place of the delivery,
 * which is acked, and renews it until its answer is out (architecture, section 8).
 */
import type { Clock } from '../ports/clock.ts';
import { leaseAfterMs, leaseRenewMs } from '../protocol/attempts.ts';
import type { Held } from './held.ts';
import { Passing } from './passing.ts';
import type { Publisher } from './publisher.ts';
import type { Sayings } from './sayings.ts';

export class Leases {
  readonly #clock: Clock;
  readonly #publisher: Publisher;
  readonly #sayings: Sayings;
  /** What runs, by when it began: short attempts come and go without a timer of their own. */
  readonly #running = new Passing<Held>();
  #takeBackLook: (() => void) | undefined;
  #takeBackRenewal: (() => void) | undefined;

  constructor({
    clock,
    publisher,
    sayings,
  }: {
    clock: Clock;
    publisher: Publisher;
    sayings: Sayings;
  }) {
    this.#clock = clock;
    this.#publisher = publisher;
    this.#sayings = sayings;
  }

  /** It runs from now on. */
  begin(held: Held): void {
    this.#running.set(held.executionId, held);
    this.#lookLater(held.receivedAt + leaseAfterMs);
  }

  /** It runs no more, and has nothing to say. */
  end(held: Held): void {
    this.#running.delete(held.executionId);
    if (held.lease !== 'held' || this.#hasLeases()) return;
    this.#takeBackRenewal?.();
    this.#takeBackRenewal = undefined;
  }

  /** Takes the lease now; nothing when it has one, or has nothing more to say. */
  async take(held: Held): Promise<void> {
    const isWanted = (): boolean =>
      held.answer === undefined && !held.isOver && !held.receipt.isLost();
    if (held.lease !== undefined || !isWanted()) return;
    held.lease = 'taking';
    held.isNamed = true;
    if (!(await this.#publisher.publish(this.#sayings.lease(held), isWanted))) {
      held.lease = undefined;
      return;
    }
    held.lease = 'held';
    held.isKnown = true;
    held.receipt.ack();
    this.#renewLater();
  }

  /** Names all that is leased here: owners may have missed a renewal. */
  renew(): void {
    for (const held of this.#running.values()) {
      if (held.lease !== 'held') continue;
      const isWanted = (): boolean => !held.isAnswered && !held.isOver;
      if (isWanted()) void this.#publisher.publish(this.#sayings.lease(held), isWanted);
    }
  }

  stop(): void {
    this.#takeBackLook?.();
    this.#takeBackRenewal?.();
  }

  #hasLeases(): boolean {
    for (const { lease } of this.#running.values()) if (lease === 'held') return true;
    return false;
  }

  #lookLater(at: number): void {
    if (this.#takeBackLook !== undefined) return;
    this.#takeBackLook = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#takeBackLook = undefined;
      this.#look();
    });
  }

  #look(): void {
    let next = Infinity;
    for (const held of this.#running.values()) {
      if (held.lease !== undefined || held.answer !== undefined) continue;
      const due = held.receivedAt + leaseAfterMs;
      if (due <= this.#clock.now()) void this.take(held);
      else next = Math.min(next, due);
    }
    if (next !== Infinity) this.#lookLater(next);
  }

  #renewLater(): void {
    this.#takeBackRenewal ??= this.#clock.after(leaseRenewMs, () => {
      this.#takeBackRenewal = undefined;
      this.renew();
      if (this.#hasLeases()) this.#renewLater();
    });
  }
}
