/** The system's clock and timers. */
import type { Clock } from '../ports/clock.ts';

/** Node fires a longer timer at once. */
const longestMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      const part = Math.min(left, longestMs);
      timer = setTimeout(() => (left > part ? wait(left - part) : callback()), part);
    };
    wait(Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};
