/**
 * Store: the storage ports together. Appends are urgent; all other writes may wait to ride with one. Those queued
 * before an append are written once it has returned, blobs before it; none is before one that it relies on.
 */
import type { Blobs } from './blobs.ts';
import type { Deployment } from './deployment.ts';
import type { Hosts } from './hosts.ts';
import type { Journal } from './journal.ts';
import type { Snapshots } from './snapshots.ts';
import type { Timers } from './timers.ts';

export interface Store {
  /** Identity of this store, made when it was created. */
  readonly id: string;
  /** Partitions of this deployment, fixed when the store was created. */
  readonly partitions: number;
  readonly journal: Journal;
  readonly snapshots: Snapshots;
  readonly blobs: Blobs;
  readonly timers: Timers;
  readonly hosts: Hosts;
  readonly deployment: Deployment;
  /** Writes all that waits, then resolves. */
  flush(): Promise<void>;
  /** Flushes and closes. */
  close(): Promise<void>;
}
