/** The ports of a process, by its configuration; loads no adapter of a server that it does not use. */
import { join } from 'node:path';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { openSmqpBroker } from '../adapters/smqp/broker.ts';
import { openSqliteStore, storeFile } from '../adapters/sqlite/store.ts';
import { systemClock } from '../adapters/systemClock.ts';
import type { Config } from '../config.ts';
import type { Broker } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { messageOf, MillraceError, TransientError } from '../protocol/errors.ts';
import { maskedUrl, withoutSecrets } from '../protocol/masked.ts';
import { backoffMs } from '../runtime/backoff.ts';
import type { Process } from './process.ts';

/** How a process gets its ports; tests and benchmarks give some of their own. */
export type Ports = {
  openStore: (config: Config) => Store | Promise<Store>;
  openBroker: (config: Config) => Broker | Promise<Broker>;
  clock: Clock;
  log: Logger;
  /** Options of Node's for its child processes. */
  execArgv: readonly string[];
};

/** What is not given. */
export function portsOf({ logLevel }: Config, given: Partial<Ports>): Ports {
  const { log = pino({ name: 'millrace', level: logLevel ?? 'warn' }, pino.destination(2)) } =
    given;
  return {
    openStore: (config) => storeOf(config, log),
    openBroker: (config) => brokerOf(config, log),
    clock: systemClock,
    log,
    execArgv: process.execArgv,
    ...given,
  };
}

async function storeOf({ data, partitions, mongodbUrl }: Config, log: Logger): Promise<Store> {
  if (mongodbUrl === undefined) return openSqliteStore({ path: join(data, storeFile), partitions });
  const { openMongoStore } = await import('../adapters/mongodb/store.ts');
  return openMongoStore({
    ...{ url: mongodbUrl, partitions },
    warn: (err, message) => log.warn({ err }, message),
  });
}

async function brokerOf({ amqpUrl, prefix, roles }: Config, log: Logger): Promise<Broker> {
  if (amqpUrl === undefined) return openSmqpBroker();
  const { openRabbitmqBroker } = await import('../adapters/rabbitmq/broker.ts');
  const name = roles.join(',');
  return openRabbitmqBroker({ url: amqpUrl, prefix, name, log, connectWithinMs: 0 });
}

/** The store, once it answers. Rejects with MillraceError `store` or `config` when it never will. */
export async function openStore(own: Process): Promise<Store> {
  const { config, ports, closing, observed } = own;
  const place = { name: 'store', url: config.mongodbUrl };
  const store = await reached(own, place, async () => ports.openStore(config));
  closing.add(() => store.close());
  return observed.store(store);
}

/** The broker, once it answers. Rejects with MillraceError `config` when it never will. */
export async function openBroker(own: Process): Promise<Broker> {
  const { config, ports, closing, observed } = own;
  const place = { name: 'broker', url: config.amqpUrl };
  const broker = await reached(own, place, async () => ports.openBroker(config));
  closing.add(() => broker.close());
  return observed.broker(broker);
}

type Place = { name: string; url: string | undefined };

/** Tries until it answers; says so once for each reason. */
async function reached<T>(
  { config, clock, log, observed, ending }: Process,
  { name, url }: Place,
  open: () => Promise<T>,
): Promise<T> {
  let said = '';
  for (let failures = 1; ; failures += 1) {
    try {
      return await open();
    } catch (thrown) {
      if (!(thrown instanceof TransientError)) throw thrown;
      const reason = withoutSecrets(messageOf(thrown), [config.amqpUrl, config.mongodbUrl]);
      if (reason !== said) log.warn(`the ${name} at ${maskedUrl(url ?? '')} is awaited: ${reason}`);
      said = reason;
      observed.health.check(name, () => reason);
    }
    await pause(clock, backoffMs(failures, Math.random()), ending);
    if (ending.aborted) throw new MillraceError('state', `ended before the ${name} had answered`);
  }
}

function pause(clock: Clock, ms: number, ending: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      takeBack();
      ending.removeEventListener('abort', end);
      resolve();
    };
    const takeBack = clock.after(ms, end);
    ending.addEventListener('abort', end);
    if (ending.aborted) end();
  });
}
