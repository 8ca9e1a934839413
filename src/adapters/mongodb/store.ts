/** The cluster's store: all storage ports in one MongoDB database, shared by any number of processes. */
import { ulid } from 'ulid';
import { MillraceError } from '../../protocol/errors.ts';
import type { Blobs } from '../../ports/blobs.ts';
import type { Deployment } from '../../ports/deployment.ts';
import type { Hosts } from '../../ports/hosts.ts';
import type { Journal } from '../../ports/journal.ts';
import type { Snapshots } from '../../ports/snapshots.ts';
import type { Store } from '../../ports/store.ts';
import type { Timers } from '../../ports/timers.ts';
import { mongoBlobs } from './blobs.ts';
import { collectionsOf, prepareIndexes, schemaVersion, storeIndexes } from './collections.ts';
import {
  connect,
  durable,
  majority,
  type Connection,
  type ConnectionOptions,
  type Traffic,
} from './connection.ts';
import { mongoDeployment } from './deployment.ts';
import { meaningOf } from './errors.ts';
import { mongoHosts } from './hosts.ts';
import { mongoJournal, type Part } from './journal.ts';
import { mongoSnapshots } from './snapshots.ts';
import { mongoTimers } from './timers.ts';
import { WriteQueue, type Warn } from './writes.ts';

export type MongoStoreOptions = ConnectionOptions & {
  /** Used when the store is new; an existing one keeps its own number. With `readonly` none is made. */
  partitions: number;
  /** Is told of lazy writes that fail, which are tried again, and of documents that are refused; default: nobody is. */
  warn?: Warn;
};

export class MongoStore implements Store {
  readonly id: string;
  readonly partitions: number;
  readonly journal: Journal;
  readonly snapshots: Snapshots;
  readonly blobs: Blobs;
  readonly timers: Timers;
  readonly hosts: Hosts;
  readonly deployment: Deployment;
  readonly #connection: Connection;
  readonly #queue: WriteQueue;
  #closed = false;

  constructor(
    connection: Connection,
    { id, partitions, warn }: Identity & { warn?: Warn | undefined },
  ) {
    this.id = id;
    this.partitions = partitions;
    this.#connection = connection;
    this.#queue = new WriteQueue(connection.name, warn);
    const collections = collectionsOf(connection.db);
    const part: Part = { connection, collections, queue: this.#queue };
    const blobs = mongoBlobs(part);
    this.blobs = blobs;
    this.journal = mongoJournal(part, blobs.lazy);
    this.snapshots = mongoSnapshots(part);
    this.timers = mongoTimers(part);
    this.hosts = mongoHosts(part);
    this.deployment = mongoDeployment(part);
  }

  async flush(): Promise<void> {
    if (!this.#closed) await this.#queue.flush();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#queue.flush();
    } finally {
      this.#queue.close(
        `The store in MongoDB at ${this.#connection.name} is closed; open it again.`,
      );
      await this.#connection.close();
    }
  }

  /** What has gone over the wire since it was opened. */
  stats(): Traffic {
    return { ...this.#connection.traffic };
  }
}

/**
 * Opens a store, making it if need be. MillraceError `store` when the database cannot be used, `config` when
 * the URL cannot be read, TransientError when the server does not answer.
 */
export async function openMongoStore(options: MongoStoreOptions): Promise<MongoStore> {
  const connection = await connect(options);
  try {
    const identity = await identify(connection, options);
    if (options.readonly !== true) await prepareIndexes(connection, storeIndexes);
    return new MongoStore(connection, { ...identity, warn: options.warn });
  } catch (error) {
    await connection.close();
    throw error;
  }
}

type Identity = { id: string; partitions: number };

/** The first writer decides; whoever comes later takes what is there. */
async function identify(connection: Connection, options: MongoStoreOptions): Promise<Identity> {
  const { deployment } = collectionsOf(connection.db);
  const read = () =>
    connection.run('read the store’s identity', () =>
      deployment.findOne({ _id: 'store' }, majority),
    );
  let found = await read();
  if (found === null && options.readonly !== true) {
    const { partitions } = options;
    await connection.run('make the store', async () => {
      try {
        const made = { _id: 'store', store: ulid(), partitions, version: schemaVersion } as const;
        await deployment.insertOne(made, durable);
      } catch (error) {
        if (meaningOf(error) !== 'duplicate') throw error;
      }
    });
    found = await read();
  }
  if (found === null) throw missing(connection);
  return checked(connection, found);
}

function checked(connection: Connection, found: object): Identity {
  const { store: id, partitions, version } = found as Record<string, unknown>;
  const isOurs = typeof id === 'string' && typeof partitions === 'number' && partitions >= 1;
  if (!isOurs || typeof version !== 'number') {
    throw new MillraceError(
      'store',
      `MongoDB at ${connection.name} holds something else than a millrace store; name another database in MILLRACE_MONGODB_URL.`,
    );
  }
  if (version > schemaVersion) {
    throw new MillraceError(
      'store',
      `The store in MongoDB at ${connection.name} was written by a newer millrace (store version ${version}; this one knows ${schemaVersion}); upgrade millrace.`,
    );
  }
  return { id, partitions };
}

function missing(connection: Connection): MillraceError {
  return new MillraceError(
    'store',
    `There is no millrace store in MongoDB at ${connection.name}; start millrace there first, or name another database in MILLRACE_MONGODB_URL.`,
  );
}
