/** Backoff: how long to wait before the next try of something that did not work; pure. */

export type BackoffOptions = {
  /** Before the second try, without jitter; default 100. */
  firstMs?: number;
  /** No wait is longer; default 10,000. */
  mostMs?: number;
};

/**
 * The wait after `failures` failed tries (from 1): doubles each time up to `mostMs`, and lies between
 * half of that and all of it, as `random` in [0, 1) says, so that many who failed together spread out.
 */
export function backoffMs(failures: number, random: number, options: BackoffOptions = {}): number {
  const { firstMs = 100, mostMs = 10_000 } = options;
  const full = Math.min(mostMs, firstMs * 2 ** Math.max(0, failures - 1));
  return Math.round(full / 2 + (full / 2) * random);
}
