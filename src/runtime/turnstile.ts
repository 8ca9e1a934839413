/**
 * Lets through whoever comes, in order, some milliseconds' worth in each turn of the event loop: what a
 * thousand ask for at once does not hold up everybody else. One that comes alone passes at once.
 */
import type { Clock } from '../ports/clock.ts';
import { slices } from './nextTurn.ts';

export class Turnstile {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  #isTurning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is one's turn. */
  pass(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#isTurning) void this.#turn();
    });
  }

  async #turn(): Promise<void> {
    this.#isTurning = true;
    const breathe = slices(this.#clock);
    // Grows while it is gone through.
    for (const letIn of this.#waiting) {
      letIn();
      await breathe();
    }
    this.#waiting = [];
    this.#isTurning = false;
  }
}
