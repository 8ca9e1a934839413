/** Clock: the only source of time. */

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds that only ever grow, whatever is done to the system's clock: for spans of time. */
  monotonic(): number;
  /** Calls `callback` once, after `ms`; returns what takes it back. */
  after(ms: number, callback: () => void): () => void;
}
