/**
 * Finds job queues that were purged, which the protocol tells nobody (architecture, section 12): a queue in which
 * nothing waits and nothing is held, at two looks 12 s apart, though starts were sent to it before the first. Whether
 * one is lost is judged by each partition's owner, behind the answers that lie in its queue.
 */
import type { QueueStats } from '../ports/queueStats.ts';
import { jobQueue } from '../protocol/topology.ts';
import { queueEmpty } from '../protocol/forOwner.ts';
import type { Ownership } from './ownership.ts';
import type { Runtime } from './runtime.ts';
import { tellOwner } from './toOwner.ts';

/** Management counts some 5 s late; two looks so far apart are of different counts. */
const lookMs = 12_000;

export type PurgesOptions = {
  runtime: Runtime;
  stats: QueueStats;
  /** The partitions that are ours just now. */
  owned(): readonly Ownership[];
};

export class Purges {
  readonly #options: PurgesOptions;
  #takeBack: (() => void) | undefined;
  #hasEnded = false;

  constructor(options: PurgesOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#hasEnded) return;
    this.#takeBack = this.#options.runtime.clock.after(lookMs, () => {
      void this.runOnce().finally(() => this.start());
    });
  }

  stop(): void {
    this.#hasEnded = true;
    this.#takeBack?.();
  }

  /** Looks at every job type's queue once; a look that fails counts for nothing. */
  async runOnce(): Promise<void> {
    const { runtime } = this.#options;
    for (const jobType of runtime.outlet.jobTypes()) {
      try {
        await this.#look(jobType);
      } catch (err) {
        runtime.log.warn({ err, jobType }, 'whether its queue was purged is not known');
      }
    }
  }

  async #look(jobType: string): Promise<void> {
    const { runtime, stats } = this.#options;
    const waiting = this.#options.owned().filter(({ partition }) => isBusy(runtime, partition));
    if (waiting.length === 0) return;
    const marked = waiting.filter(({ starts }) => starts.isMarked(jobType));
    for (const { starts } of waiting) starts.mark(jobType);
    if (!(await isEmpty(stats, jobType))) {
      for (const { starts } of waiting) starts.unmark(jobType);
      return;
    }
    for (const { partition, token } of marked) {
      await tellOwner(runtime, partition, queueEmpty, { jobType, token });
    }
  }
}

function isBusy({ valve }: Runtime, partition: number): boolean {
  return valve.busy(partition).size > 0;
}

async function isEmpty(stats: QueueStats, jobType: string): Promise<boolean> {
  const state = await stats.sample(jobQueue(jobType));
  return state === undefined || state.ready + state.unacked === 0;
}
