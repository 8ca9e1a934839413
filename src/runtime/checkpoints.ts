/**
 * When the lazy writes of an ownership are made: some time after a release, one at a time, again after one that
 * failed, and a last time when the partition is let go.
 */
import { checkpoint, snapshotDirty } from './checkpoint.ts';
import type { Ownership } from './ownership.ts';
import type { Runtime } from './runtime.ts';
import { isLost } from './tenure.ts';

/** Time between a release and the checkpoint that tells of it. */
const afterMs = 200;

export class Checkpoints {
  readonly #runtime: Runtime;
  readonly #own: Ownership;
  #writing: Promise<void> = Promise.resolve();
  #takeBack: (() => void) | undefined;

  constructor(runtime: Runtime, own: Ownership) {
    this.#runtime = runtime;
    this.#own = own;
  }

  /** Something was released. */
  schedule(): void {
    if (this.#own.lost.aborted) return;
    this.#takeBack ??= this.#runtime.clock.after(afterMs, () => {
      this.#takeBack = undefined;
      void this.#write();
    });
  }

  /** Nothing more is begun. */
  stop(): void {
    this.#takeBack?.();
    this.#takeBack = undefined;
  }

  /** Writes what is left; `snapshots`: also those that are not due, so that the next owner has less to read. */
  async finish({ snapshots }: { snapshots: boolean }): Promise<void> {
    this.stop();
    const last = this.#write();
    // What the store keeps waiting is written even if a part of the checkpoint fails.
    await this.#runtime.store.flush();
    await last;
    this.stop();
    if (!snapshots) return;
    await snapshotDirty(this.#runtime, this.#own);
    await this.#runtime.store.flush();
  }

  /** One at a time; a failed one is made again later, with what has come since. */
  #write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const own = this.#own;
      if (own.lost.aborted) return;
      const touched = [...own.touched];
      try {
        await checkpoint(this.#runtime, own);
        if (own.touched.size > 0) this.schedule();
      } catch (err) {
        if (isLost(own.lost)) return;
        for (const [id, resident] of touched) {
          if (!own.touched.has(id)) own.touched.set(id, resident);
        }
        const { partition } = own;
        this.#runtime.log.warn({ err, partition }, 'checkpoint failed; trying again');
        this.schedule();
      }
    });
    return this.#writing;
  }
}
