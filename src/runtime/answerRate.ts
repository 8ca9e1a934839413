/**
 * How fast attempts of a job type are answered. Starts of quick jobs may travel together: as many as are answered in
 * some milliseconds, so that none waits noticeably for a worker that has others. Answers are counted for as long as
 * one start takes to be answered: slow jobs are slow then, also where many of them end at once.
 */

/** A message may bring as many starts as are answered in this time. */
const togetherMs = 5;

/** Answers are counted for at least so long: of a few quick ones little follows. */
const leastMs = 50;

/** What was counted holds for so long, and through a pause: what follows is most likely alike. */
const holdsMs = 5_000;

/** It does not hold where a start has been waiting for so long, and for twice as long as the one before. */
const patienceMs = 500;

/** A start that is not answered by then tells nothing any more: it is slow, or lost. */
const mostMs = 10_000;

/** All times are in milliseconds, on a clock that never goes back. */
export class AnswerRate {
  /** The start whose answer is waited for, and how many have come meanwhile. */
  #watched: { id: string; at: number; answers: number } | undefined;
  #counted = { perMs: 0, tookMs: 0, at: -Infinity };

  /** A start was sent. */
  sent(id: string, now: number): void {
    if (this.#watched !== undefined && now - this.#watched.at <= mostMs) return;
    this.#watched = { id, at: now, answers: 0 };
  }

  /** An attempt was answered; `id` of its start. */
  answered(id: string, now: number): void {
    const watched = this.#watched;
    if (watched === undefined) return;
    watched.answers += 1;
    if (watched.id !== id) return;
    const tookMs = Math.max(leastMs, now - watched.at);
    this.#counted = { perMs: watched.answers / tookMs, tookMs, at: now };
    this.#watched = undefined;
  }

  /** How many starts one message may bring; at least 1. */
  mostTogether(now: number): number {
    const { perMs, tookMs, at } = this.#counted;
    const waitedMs = now - (this.#watched?.at ?? now);
    const holds = now - at <= holdsMs && waitedMs <= Math.max(patienceMs, 2 * tookMs);
    return holds ? Math.max(1, Math.floor(perMs * togetherMs)) : 1;
  }
}
