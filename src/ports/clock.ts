/** Clock: the only source of time. */

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls `callback` once, after `ms`; returns what takes it back. */
  after(ms: number, callback: () => void): () => void;
}
