/**
 * Composition root: configuration → ports → roles. With `roles/` and the readers (`open….ts`) the only
 * importer of adapters and actors.
 */
import { builtInActors } from '../actors/index.ts';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import { toConfig } from './config.ts';
import type { Config, MillraceOptions } from './config.ts';
import { planAsked } from './gateway/asked.ts';
import { openLink } from './link.ts';
import { newId } from './newId.ts';
import { offer } from './offer.ts';
import { MillraceError } from './protocol/errors.ts';
import { createReader } from './reader.ts';
import { Closing } from './roles/closing.ts';
import { takeFolder } from './roles/folder.ts';
import { createGatewayRole } from './roles/gateway.ts';
import { createHost } from './roles/host.ts';
import { mixOf } from './roles/mix.ts';
import { observe } from './roles/observe.ts';
import { portsOf } from './roles/ports.ts';
import type { Ports } from './roles/ports.ts';
import { openProcesses } from './roles/processes.ts';
import { queueStatsOf } from './roles/queueStats.ts';
import { createTrackerBeside } from './roles/trackerBeside.ts';
import type { Host } from './runtime/host.ts';
import { createRegistry } from './runtime/registry.ts';
import type { Registry } from './runtime/registry.ts';
import { version } from './version.ts';
import { createWorker } from './worker/worker.ts';

export type { Ports } from './roles/ports.ts';

/** The roles of a deployment that this process has; by default all, and a client of them. */
export type Millrace = {
  /** Takes what its roles need, goes on with what was under way, and takes work. Rejects with MillraceError `locked` or `store`. */
  start(): Promise<void>;
  /** Finishes what is in hand and closes; changes no request's state. May be called twice. */
  stop(): Promise<void>;
  /** For use between `start` and `stop`. */
  readonly client: Client;
  /** Where health and metrics are answered, between `start` and `stop`; undefined without a configured port. */
  readonly httpUrl: string | undefined;
};

/** Makes a millrace of definitions. Throws MillraceError `config` or `definition`. */
export function createMillrace(options: MillraceOptions, given: Partial<Ports> = {}): Millrace {
  const config = toConfig(options);
  if (offer(options)) return hostless;
  mixOf(config);
  const registry = createRegistry([...builtInActors, ...config.actors]);
  let running: Promise<Running> | undefined;
  let now: Running | undefined;
  return {
    async start() {
      running ??= run({ config, registry, ...portsOf(config, given) });
      now = await running;
    },
    async stop() {
      const started = await running?.catch(() => undefined);
      await started?.stop();
      now = undefined;
    },
    get httpUrl() {
      return now?.url;
    },
    get client() {
      if (now !== undefined) return now.client;
      throw new MillraceError('state', 'millrace is not started; await millrace.start() first');
    },
  };
}

/** Of a module that is imported for its definitions: what it does after the start is not done again. */
const hostless: Millrace = {
  start: () => new Promise(() => undefined),
  stop: () => Promise.resolve(),
  httpUrl: undefined,
  get client(): Client {
    throw new MillraceError('state', 'nothing is hosted in the process of an isolated job');
  },
};

type Running = { client: Client; url: string | undefined; stop(): Promise<void> };

type Parts = Ports & { config: Config; registry: Registry };

/** Everything in the order in which it is opened; what is opened later is closed earlier. */
async function run(parts: Parts): Promise<Running> {
  const { config, registry, clock, log } = parts;
  const closing = new Closing(log);
  const close = (): Promise<void> => closing.close();
  try {
    const observed = await observe(config, closing);
    const { health, gauges } = observed;
    health.check('process', () => 'is starting');
    const control = await takeFolder(config.data, { log, closing });
    const store = observed.store(await parts.openStore(config));
    closing.add(() => store.close());
    const broker = observed.broker(await parts.openBroker(config));
    closing.add(() => broker.close());
    const { host, runtime, feed } = createHost({
      ...{ broker, store, clock, log, registry },
      isAlone: mixOf(config).isLocked,
      stats: await queueStatsOf(config),
    });
    const { partitions } = store;
    const tracker = createTrackerBeside({ data: config.data, partitions, feed, clock, log });
    closing.add(() => tracker.stop());
    const processes = await openProcesses(config, { ...parts, storeId: store.id });
    closing.add(() => processes.children.stop());
    closing.add(() => host.stop());
    gauges.partitions = () => host.owned().length;
    gauges.parked = () => parkedIn(host);
    const { jobs, concurrency, graceMs } = config;
    const worker = createWorker({
      ...{ broker, clock, jobs, concurrency, graceMs, processes },
      onStatus: (signal) => feed.status(signal),
      onOutput: (signal) => feed.output(signal),
    });
    closing.add(() => worker.stop());
    gauges.running = () => worker.running();
    // Before any partition is owned: the first start of the first group that is recovered is taken at once.
    await worker.start();
    const reader = createReader(store, registry, async (id) => host.group(id));
    const planners = { chains: config.chains, jobs: byType(jobs), blobs: store.blobs };
    const link = await openLink({
      ...{ broker, clock, feed, reader, partitions, valve: runtime.valve, newId },
      plan: (asked) => planAsked(asked, planners),
    });
    closing.add(() => link.close());
    const since = clock.now();
    control.open({
      link,
      log,
      rebuild: () => tracker.rebuild(),
      info: () => ({ ...infoOf(config), since, running: worker.running() }),
    });
    closing.add(() => control.refuse());
    closing.add(() => health.check('process', () => 'is stopping'));
    const kinds = [...builtInActors, ...config.actors];
    const gateway = createGatewayRole({ ...parts, kinds, broker, store, valve: runtime.valve });
    closing.add(() => gateway.stop());
    await host.start();
    await gateway.start();
    tracker.start();
    health.check('process', () => undefined);
    health.check('host', () => host.trouble);
    return { client: createClient(link), url: observed.url, stop: close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function byType<Definition extends { type: string }>(
  definitions: readonly Definition[],
): ReadonlyMap<string, Definition> {
  return new Map(definitions.map((definition) => [definition.type, definition]));
}

/** Groups in memory whose messages are kept until somebody unparks them. */
function parkedIn(host: Host): number {
  let parked = 0;
  for (const { residents } of host.owned())
    for (const resident of residents.values()) if (resident.parked !== undefined) parked += 1;
  return parked;
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
