/**
 * Where starts leave the host: declares a job type's queue before the first, and keeps those that
 * find no room until an answer of that type makes some, or 30 s have passed.
 */
import type { Broker, Publication } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import { jobTopology } from '../protocol/topology.ts';

/** Tries again; true when there is nothing left to do. */
type Waiting = () => Promise<boolean>;

/** Starts without room are tried again after this even if nothing is heard (architecture, section 5). */
const sweepMs = 30_000;

export class Outlet {
  readonly #broker: Broker;
  readonly #clock: Clock;
  /** Job types whose queue is there. */
  readonly #declared = new Set<string>();
  readonly #declaring = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, Waiting[]>();
  #takeBack: (() => void) | undefined;
  #isStopped = false;

  constructor(broker: Broker, clock: Clock) {
    this.#broker = broker;
    this.#clock = clock;
  }

  /** False, after `onNoRoom`, when the job's queue has no room or cannot be had just now. */
  async start(jobType: string, publication: Publication, onNoRoom?: () => void): Promise<boolean> {
    try {
      if (!this.#declared.has(jobType)) await this.#declare(jobType);
      if ((await this.#broker.publish(publication)) === 'confirmed') return true;
    } catch {
      this.#declared.delete(jobType);
    }
    onNoRoom?.();
    return false;
  }

  /** Keeps a start that found no room. */
  later(jobType: string, waiting: Waiting): void {
    if (this.#isStopped) return;
    const queue = this.#waiting.get(jobType) ?? [];
    this.#waiting.set(jobType, queue);
    queue.push(waiting);
    this.#takeBack ??= this.#clock.after(sweepMs, () => {
      this.#takeBack = undefined;
      for (const type of this.#waiting.keys()) void this.room(type);
    });
  }

  /** An attempt of this type was answered: what waits is tried while there is room. */
  room(jobType: string): Promise<void> | undefined {
    const queue = this.#waiting.get(jobType);
    return queue === undefined || queue.length === 0 ? undefined : this.#fill(jobType, queue);
  }

  async #fill(jobType: string, queue: Waiting[]): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (await next()) continue;
      this.later(jobType, next);
      return;
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#takeBack?.();
    this.#waiting.clear();
  }

  /** Once, whoever asks meanwhile. */
  async #declare(jobType: string): Promise<void> {
    const declaring = this.#declaring.get(jobType) ?? this.#broker.declare(jobTopology(jobType));
    this.#declaring.set(jobType, declaring);
    try {
      await declaring;
      this.#declared.add(jobType);
    } finally {
      this.#declaring.delete(jobType);
    }
  }
}
