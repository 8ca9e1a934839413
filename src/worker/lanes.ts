/**
 * Which of the attempts that a worker holds runs next: job types take turns, each has its limit and all together
 * theirs, a job runs once at a time, and one that may kill its worker runs alone.
 */
import type { JobDefinition } from '../definitions.ts';
import type { Held, Lane } from './held.ts';
import { Passing } from './passing.ts';

export class Lanes {
  readonly all: readonly Lane[];
  readonly #concurrency: number;
  /** Jobs whose code runs just now. */
  readonly #busy = new Passing<true>();
  /** They wait until nothing else runs, and then run one by one. */
  #alone: Held[] = [];
  #turn = 0;
  running = 0;

  constructor(jobs: readonly JobDefinition[], concurrency: number) {
    this.#concurrency = concurrency;
    this.all = jobs.map((definition) => {
      const limit = Math.min(definition.concurrency ?? concurrency, concurrency);
      return { definition, limit, running: 0, waiting: [] };
    });
  }

  wait(held: Held): void {
    held.lane.waiting.push(held);
  }

  /** It is to run while nothing else does; nothing more begins before it has. */
  waitAlone(held: Held): void {
    held.isAlone = true;
    this.#alone.push(held);
  }

  /** Waits no more; false when it did not. */
  remove(held: Held): boolean {
    const place = held.lane.waiting.indexOf(held);
    if (place >= 0) held.lane.waiting.splice(place, 1);
    const alone = this.#alone.length;
    this.#alone = this.#alone.filter((each) => each !== held || each.hasSlot);
    return place >= 0 || this.#alone.length < alone;
  }

  /** The next that may run now has a slot from now on. */
  next(): Held | undefined {
    if (this.#alone.length > 0) {
      const [first] = this.#alone;
      return this.running > 0 || first === undefined ? undefined : this.#take(first);
    }
    for (let tried = 0; tried < this.all.length; tried += 1) {
      if (this.running >= this.#concurrency) return undefined;
      const held = this.#first(this.all[this.#turn]);
      this.#turn = (this.#turn + 1) % this.all.length;
      if (held !== undefined) return this.#take(held);
    }
    return undefined;
  }

  #first(lane: Lane | undefined): Held | undefined {
    if (lane === undefined || lane.running >= lane.limit) return undefined;
    const place = lane.waiting.findIndex((held) => !this.#busy.has(held.jobKey));
    return place < 0 ? undefined : lane.waiting.splice(place, 1)[0];
  }

  #take(held: Held): Held {
    held.hasSlot = true;
    held.lane.running += 1;
    this.running += 1;
    this.#busy.set(held.jobKey, true);
    return held;
  }

  /** Its slot is free; nothing when it has none. */
  leave(held: Held): void {
    if (!held.hasSlot) return;
    held.hasSlot = false;
    held.lane.running -= 1;
    this.running -= 1;
    this.#busy.delete(held.jobKey);
    if (held.isAlone) this.#alone = this.#alone.filter((each) => each !== held);
  }
}
