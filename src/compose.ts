/**
 * Composition root: config → adapters → roles. With `openReader.ts`, which does it for reading alone, the
 * only importer of adapters and actors.
 */
import { randomBytes } from 'node:crypto';
import { extname, join } from 'node:path';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { builtInActors } from '../actors/index.ts';
import { openSmqpBroker } from './adapters/smqp/broker.ts';
import { lockFolder } from './adapters/sqlite/lock.ts';
import { readModelsFile } from './adapters/sqlite/readModels.ts';
import { openSqliteStore, storeFile } from './adapters/sqlite/store.ts';
import { systemClock } from './adapters/systemClock.ts';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import { toConfig } from './config.ts';
import type { Config, MillraceOptions } from './config.ts';
import { listenForControl } from './control/listener.ts';
import { socketName } from './control/socketPath.ts';
import { planAsked } from './gateway/asked.ts';
import { openLink } from './link.ts';
import { newId } from './newId.ts';
import { offer } from './offer.ts';
import { openProcesses } from './processes.ts';
import type { Broker } from './ports/broker.ts';
import type { Clock } from './ports/clock.ts';
import type { Store } from './ports/store.ts';
import { MillraceError } from './protocol/errors.ts';
import { createReader } from './reader.ts';
import { Feed } from './runtime/feed.ts';
import { Host } from './runtime/host.ts';
import { Memory } from './runtime/memory.ts';
import { Outlet } from './runtime/outlet.ts';
import { Pace } from './runtime/pace.ts';
import { createRegistry } from './runtime/registry.ts';
import type { Registry } from './runtime/registry.ts';
import type { Runtime } from './runtime/runtime.ts';
import { createFreezer } from './runtime/snapshots.ts';
import { TrackerThread } from './tracker/thread.ts';
import { version } from './version.ts';
import { Valve } from './runtime/valve.ts';
import { createWorker } from './worker/worker.ts';

/** A host with a worker and a client, in this process. */
export type Millrace = {
  /** Takes the data folder, goes on with what was under way, and takes work. Rejects with MillraceError `locked` or `store`. */
  start(): Promise<void>;
  /** Finishes what is in hand and closes; changes no request's state. May be called twice. */
  stop(): Promise<void>;
  /** For use between `start` and `stop`. */
  readonly client: Client;
};

/** Ports in place of the embedded ones: for tests and benchmarks. */
export type Ports = {
  openStore: (config: Config) => Store;
  openBroker: () => Broker;
  clock: Clock;
  log: Logger;
  /** Options of Node's for its child processes. */
  execArgv: readonly string[];
};

/** Beside this file, in the sources and when they are built. */
const trackerEntry = new URL(`./trackerThread${extname(import.meta.url)}`, import.meta.url);

const embedded: Ports = {
  openStore: ({ data, partitions }) => openSqliteStore({ path: join(data, storeFile), partitions }),
  openBroker: openSmqpBroker,
  clock: systemClock,
  log: pino({ name: 'millrace', level: 'warn' }, pino.destination(2)),
  execArgv: process.execArgv,
};

/** Makes an embedded millrace of definitions. Throws MillraceError `config` or `definition`. */
export function createMillrace(options: MillraceOptions, given: Partial<Ports> = {}): Millrace {
  const config = toConfig(options);
  if (offer(options)) return hostless;
  const ports = { ...embedded, ...given };
  const registry = createRegistry([...builtInActors, ...config.actors]);
  let running: Promise<Running> | undefined;
  let client: Client | undefined;
  return {
    async start() {
      running ??= run(config, registry, ports);
      client = (await running).client;
    },
    async stop() {
      const started = await running?.catch(() => undefined);
      await started?.stop();
      client = undefined;
    },
    get client() {
      if (client !== undefined) return client;
      throw new MillraceError('state', 'millrace is not started; await millrace.start() first');
    },
  };
}

/** Of a module that is imported for its definitions: what it does after the start is not done again. */
const hostless: Millrace = {
  start: () => new Promise(() => undefined),
  stop: () => Promise.resolve(),
  get client(): Client {
    throw new MillraceError('state', 'nothing is hosted in the process of an isolated job');
  },
};

type Running = { client: Client; stop(): Promise<void> };

async function run(config: Config, registry: Registry, ports: Ports): Promise<Running> {
  const lock = lockFolder(config.data);
  const closers: (() => unknown)[] = [
    () => {
      lock.release();
    },
  ];
  const close = async (): Promise<void> => {
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) {
      try {
        await next();
      } catch (err) {
        // What a full disk kept from being written is made again from the journal at the next start.
        ports.log.warn({ err }, 'not everything could be written before the stop');
      }
    }
  };
  try {
    const { clock, log } = ports;
    const control = await listenForControl(join(config.data, socketName), log);
    closers.push(() => control.close());
    const store = ports.openStore(config);
    closers.push(() => store.close());
    const broker = ports.openBroker();
    closers.push(() => broker.close());
    const feed = new Feed();
    const freezer = createFreezer(registry, store.blobs);
    const outlet = new Outlet(broker, clock);
    const runtime: Runtime = {
      broker,
      // An in-process broker remembers nothing of an earlier one.
      epoch: { current: newId() },
      store,
      clock,
      registry,
      freezer,
      feed,
      outlet,
      pace: new Pace(),
      valve: new Valve(clock),
      memory: new Memory(registry),
      log,
      stopping: new AbortController(),
      random: Math.random,
      newToken: () => randomBytes(6).toString('base64url'),
    };
    const tracker = new TrackerThread({
      entry: trackerEntry,
      store: join(config.data, storeFile),
      models: join(config.data, readModelsFile),
      partitions: store.partitions,
      clock,
      warn: (text) => log.warn(text),
    });
    feed.subscribe(undefined, {
      onEntry: ({ partition }) => tracker.committed(partition),
      onStatus: (signal) => tracker.status(signal),
    });
    closers.push(() => tracker.stop());
    const processes = await openProcesses(config, { ...ports, store });
    closers.push(() => processes.children.stop());
    const host = new Host(runtime);
    closers.push(() => host.stop());
    const jobs = new Map(config.jobs.map((job) => [job.type, job]));
    const worker = createWorker({
      broker,
      clock,
      jobs: config.jobs,
      concurrency: config.concurrency,
      graceMs: config.graceMs,
      processes,
      onStatus: (signal) => feed.status(signal),
      onOutput: (signal) => feed.output(signal),
    });
    closers.push(() => worker.stop());
    // Before any partition is owned: the first start of the first group that is recovered is taken at once.
    await worker.start();
    const reader = createReader(store, registry, async (id) => host.group(id));
    const link = await openLink({
      broker,
      clock,
      feed,
      reader,
      partitions: store.partitions,
      valve: runtime.valve,
      newId,
      plan: (asked) => planAsked(asked, { chains: config.chains, jobs, blobs: store.blobs }),
    });
    closers.push(() => link.close());
    const since = clock.now();
    control.open({
      link,
      log,
      rebuild: () => tracker.rebuild(),
      info: () => ({ ...infoOf(config), since, running: worker.running() }),
    });
    closers.push(() => {
      control.refuse();
    });
    await host.start();
    tracker.start();
    return { client: createClient(link), stop: close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** What a host says of itself, as far as it stays the same. */
function infoOf({ data, jobs, chains }: Config) {
  return {
    pid: process.pid,
    version,
    data,
    jobs: jobs.map(({ type }) => type),
    chains: chains.map(({ type }) => type),
  };
}
