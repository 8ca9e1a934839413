/**
 * One client of a MongoDB server, and what goes through it: every call is counted, has a bound, and rejects
 * with one of our own errors. Stands between the driver and the files of the ports.
 */
import { MongoClient, type Db, type WriteConcernOptions } from 'mongodb';
import { MillraceError, messageOf, TransientError } from '../../protocol/errors.ts';
import { masked, toMillraceError } from './errors.ts';

export type ConnectionOptions = {
  /** `mongodb://…` or `mongodb+srv://…`. Its credentials are never logged. */
  url: string;
  /** Default: the one that the URL names, else `millrace`. */
  database?: string;
  /** Refuses every write; default false. */
  readonly?: boolean;
  /** After so many milliseconds a call to a server that does not answer rejects; default 8000. To find a server may take half of it besides. */
  timeoutMs?: number;
};

/** What has gone over the wire: `writes` of the round trips wrote `documents`, of `bytes` as BSON. */
export type Traffic = { roundTrips: number; writes: number; documents: number; bytes: number };

/** Acknowledged by a majority, in its journal: what must be there after any crash. */
export const durable: WriteConcernOptions = { writeConcern: { w: 'majority', journal: true } };

/** Acknowledged by the primary: what may be lost, as it comes again or can be made again. */
export const soon: WriteConcernOptions = { writeConcern: { w: 1 } };

/** What a majority has: it stays, whatever member fails. */
export const majority = { readConcern: { level: 'majority' } } as const;

const defaultDatabase = 'millrace';
/** What the driver takes when the URL names none. */
const driversDefault = 'test';

type Named = Pick<ConnectionOptions, 'readonly'> & { database: string };

export class Connection {
  readonly db: Db;
  /** Hosts and database, without credentials. */
  readonly name: string;
  readonly traffic: Traffic = { roundTrips: 0, writes: 0, documents: 0, bytes: 0 };
  readonly #client: MongoClient;
  readonly #readonly: boolean;
  #isClosed = false;

  constructor(client: MongoClient, { database, readonly = false }: Named) {
    this.#client = client;
    this.#readonly = readonly;
    this.db = client.db(database);
    this.name = `${client.options.hosts.map(String).join(',')}/${database}`;
  }

  /** Runs a call to the driver of one round trip; `what` says in an error what could not be done. */
  async run<T>(what: string, call: () => Promise<T>): Promise<T> {
    if (this.#isClosed)
      throw new TransientError(`The store in MongoDB at ${this.name} is closed; open it again.`);
    this.traffic.roundTrips += 1;
    try {
      return await call();
    } catch (error) {
      throw toMillraceError(error, what, this.name);
    }
  }

  /** Counts what a call is about to write; throws TransientError where nothing may be written. */
  writing(documents: number, bytes: number): void {
    if (this.#readonly)
      throw new TransientError(
        `The store in MongoDB at ${this.name} was opened for reading; write through a host.`,
      );
    this.traffic.writes += 1;
    this.traffic.documents += documents;
    this.traffic.bytes += bytes;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#client.close();
  }
}

/** Connects. MillraceError `config` for a URL that is none, `store` when it refuses us, else TransientError. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const { url, timeoutMs = 8000 } = options;
  const client = clientOf(url, timeoutMs);
  const database = options.database ?? databaseOf(client);
  const connection = new Connection(client, { ...options, database });
  try {
    await connection.run('log in', () => client.connect());
    return connection;
  } catch (error) {
    await client.close();
    throw error;
  }
}

function clientOf(url: string, timeoutMs: number): MongoClient {
  try {
    return new MongoClient(url, {
      appName: 'millrace',
      // The runtime sends again what it knows to be safe, and waits in between.
      retryWrites: false,
      socketTimeoutMS: timeoutMs,
      waitQueueTimeoutMS: timeoutMs,
      serverSelectionTimeoutMS: Math.ceil(timeoutMs / 2),
      connectTimeoutMS: Math.ceil(timeoutMs / 2),
      ignoreUndefined: true,
    });
  } catch (error) {
    throw new MillraceError(
      'config',
      `The URL of MongoDB cannot be read: ${masked(messageOf(error))}; write it as mongodb://HOST:PORT/DATABASE.`,
    );
  }
}

function databaseOf(client: MongoClient): string {
  const { dbName } = client.options;
  return dbName === driversDefault ? defaultDatabase : dbName;
}
