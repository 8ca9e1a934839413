/** The wait before the next try, longer each time, that can be cut short: when what was missing is there, or at the end. */
import { backoffMs } from './backoff.ts';
import type { Runtime } from './runtime.ts';

export class Rest {
  readonly #runtime: Pick<Runtime, 'clock' | 'random'>;
  #cutShort: (() => void) | undefined;

  constructor(runtime: Pick<Runtime, 'clock' | 'random'>) {
    this.#runtime = runtime;
  }

  /** `failures`: tries that have failed so far, from 1. */
  async take(failures: number): Promise<void> {
    const { clock, random } = this.#runtime;
    await new Promise<void>((resolve) => {
      const takeBack = clock.after(backoffMs(failures, random()), resolve);
      this.#cutShort = () => {
        takeBack();
        resolve();
      };
    });
    this.#cutShort = undefined;
  }

  /** Whoever rests goes on now. */
  end(): void {
    this.#cutShort?.();
  }
}
