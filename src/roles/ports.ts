/** The ports of a process, by its configuration; loads no adapter that it does not use. */
import { join } from 'node:path';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { openSmqpBroker } from '../adapters/smqp/broker.ts';
import { openSqliteStore, storeFile } from '../adapters/sqlite/store.ts';
import { systemClock } from '../adapters/systemClock.ts';
import type { Config } from '../config.ts';
import { MillraceError } from '../protocol/errors.ts';
import type { Broker } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';

/** How a process gets its ports; tests and benchmarks give some of their own. */
export type Ports = {
  openStore: (config: Config) => Store | Promise<Store>;
  openBroker: (config: Config) => Broker | Promise<Broker>;
  clock: Clock;
  log: Logger;
  /** Options of Node's for its child processes. */
  execArgv: readonly string[];
};

/** What is not given. Throws MillraceError `config` for adapters that there are not yet. */
export function portsOf({ logLevel, amqpUrl, mongodbUrl }: Config, given: Partial<Ports>): Ports {
  if (amqpUrl !== undefined || mongodbUrl !== undefined) {
    const message =
      'RabbitMQ and MongoDB are not there yet; unset MILLRACE_AMQP_URL and MILLRACE_MONGODB_URL';
    throw new MillraceError('config', message);
  }
  return {
    openStore: ({ data, partitions }) =>
      openSqliteStore({ path: join(data, storeFile), partitions }),
    openBroker: openSmqpBroker,
    clock: systemClock,
    log: given.log ?? pino({ name: 'millrace', level: logLevel ?? 'warn' }, pino.destination(2)),
    execArgv: process.execArgv,
    ...given,
  };
}
