/**
 * How fast attempts of a job type are answered. Starts of quick jobs may travel together: as many as are answered in
 * some milliseconds, so that none waits noticeably for a worker that has others. Starts of slow jobs never do, also
 * where many of them end at once.
 */

/** Of what was answered longer ago, little counts. */
const spanMs = 500;

/** A message may bring as many starts as are answered in this time. */
const togetherMs = 5;

export class AnswerRate {
  /** Answers of the last second, the newest in full. */
  #answers = 0;
  #at = 0;

  /** An attempt was answered; `now` in milliseconds, on a clock that never goes back. */
  note(now: number): void {
    this.#answers = this.#left(now) + 1;
    this.#at = now;
  }

  /** How many starts one message may bring; at least 1. */
  mostTogether(now: number): number {
    return Math.max(1, Math.floor((this.#left(now) * togetherMs) / spanMs));
  }

  #left(now: number): number {
    return this.#answers * Math.exp((this.#at - now) / spanMs);
  }
}
