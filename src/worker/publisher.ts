/** Publishes until the broker has confirmed: a worker's answers are never given up while they count. */
import type { Broker, Publication } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import { TransientError } from '../protocol/errors.ts';
import { backoffMs } from '../runtime/backoff.ts';

export type Publisher = {
  /** True once confirmed; false when `isWanted` said no before, or the publisher was ended. */
  publish(publication: Publication, isWanted?: () => boolean): Promise<boolean>;
  /** Gives up what is not confirmed yet. */
  end(): void;
};

/** `random` in [0, 1) spreads the tries. */
export function createPublisher(broker: Broker, clock: Clock, random: () => number): Publisher {
  let ended = false;
  const waiting = new Set<() => void>();

  function wait(ms: number): Promise<void> {
    if (ended) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        takeBack();
        waiting.delete(done);
        resolve();
      };
      const takeBack = clock.after(ms, done);
      waiting.add(done);
    });
  }

  return {
    async publish(publication, isWanted = () => true) {
      for (let failures = 1; !ended && isWanted(); failures += 1) {
        try {
          if ((await broker.publish(publication)) === 'confirmed') return true;
        } catch (error) {
          if (!(error instanceof TransientError)) throw error;
        }
        await wait(backoffMs(failures, random()));
      }
      return false;
    },
    end() {
      ended = true;
      for (const done of waiting) done();
    },
  };
}
