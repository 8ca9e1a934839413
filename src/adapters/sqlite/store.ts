/** The embedded store: all storage ports in one SQLite file behind one write queue. */
import type { Blobs } from '../../ports/blobs.ts';
import type { Deployment } from '../../ports/deployment.ts';
import type { Hosts } from '../../ports/hosts.ts';
import type { Journal } from '../../ports/journal.ts';
import type { Snapshots } from '../../ports/snapshots.ts';
import type { Store } from '../../ports/store.ts';
import type { Timers } from '../../ports/timers.ts';
import { sqliteBlobs } from './blobs.ts';
import { CommitQueue } from './commit.ts';
import type { Connection } from './connection.ts';
import { sqliteDeployment } from './deployment.ts';
import { sqliteHosts } from './hosts.ts';
import { sqliteJournal } from './journal.ts';
import { openFile, type Opened, type StoreOptions } from './schema.ts';
import { sqliteSnapshots } from './snapshots.ts';
import { sqliteTimers } from './timers.ts';

/** Name of the file in a data folder. */
export const storeFile = 'store.db';

/** SQLite's own upper bound, which is as good as none. */
const noPageLimit = 4_294_967_294;

export class SqliteStore implements Store {
  readonly id: string;
  readonly partitions: number;
  readonly journal: Journal;
  readonly snapshots: Snapshots;
  readonly blobs: Blobs;
  readonly timers: Timers;
  readonly hosts: Hosts;
  readonly deployment: Deployment;
  readonly #connection: Connection;
  readonly #queue: CommitQueue;
  #closed = false;

  constructor({ connection, id, partitions }: Opened) {
    this.id = id;
    this.partitions = partitions;
    this.#connection = connection;
    this.#queue = new CommitQueue(connection);
    this.journal = sqliteJournal(connection, this.#queue);
    this.snapshots = sqliteSnapshots(connection, this.#queue);
    this.blobs = sqliteBlobs(connection, this.#queue);
    this.timers = sqliteTimers(connection, this.#queue);
    this.hosts = sqliteHosts(connection, this.#queue);
    this.deployment = sqliteDeployment(connection, this.#queue);
  }

  async flush(): Promise<void> {
    if (!this.#closed) this.#queue.flush();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#queue.flush();
      // Readers may keep the log from being emptied; it is then emptied by whoever writes next.
      if (this.#queue.commits > 0) this.#connection.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      this.#queue.close();
      this.#connection.close();
    }
  }

  /** Transactions committed since it was opened. */
  stats(): { commits: number } {
    return { commits: this.#queue.commits };
  }

  /** Sets how many pages of 4 KiB the file may have; without a number only the disk limits it. */
  limitPages(pages: number = noPageLimit): void {
    this.#connection.pragma(`max_page_count = ${pages}`);
  }
}

/** Opens a store, creating the file if need be; MillraceError `store` when the file cannot be used. */
export function openSqliteStore(options: StoreOptions): SqliteStore {
  return new SqliteStore(openFile(options));
}
