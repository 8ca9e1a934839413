/**
 * Composition root: configuration → ports → roles. With `roles/` and the readers (`open….ts`) the only
 * importer of adapters and actors.
 */
import { builtInActors } from '../actors/index.ts';
import { createAuthority } from './auth/authority.ts';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import { toConfig } from './config.ts';
import type { Config, MillraceOptions } from './config.ts';
import type { ChainDefinition } from './definitions.ts';
import { offer } from './offer.ts';
import { MillraceError, TransientError } from './protocol/errors.ts';
import { openApi } from './roles/api.ts';
import { openLink } from './roles/client.ts';
import { Closing } from './roles/closing.ts';
import { takeFolder } from './roles/folder.ts';
import { openGateway } from './roles/gateway.ts';
import { openHost } from './roles/host.ts';
import { mixOf } from './roles/mix.ts';
import { observe } from './roles/observe.ts';
import { openBroker, openStore, portsOf } from './roles/ports.ts';
import type { Ports } from './roles/ports.ts';
import type { Process } from './roles/process.ts';
import { openTracker } from './roles/tracker.ts';
import { openWorker } from './roles/worker.ts';
import { Feed } from './runtime/feed.ts';
import { createRegistry } from './runtime/registry.ts';
import { Valve } from './runtime/valve.ts';
import { openChains } from './specs.ts';
import { version } from './version.ts';

export type { Ports } from './roles/ports.ts';

/** The roles of a deployment that this process has; by default all, and a client of them. */
export type Millrace = {
  /**
   * Takes what its roles need, goes on with what was under way, and takes work. A broker or a store of other
   * processes is waited for. Rejects with MillraceError `locked`, `store` or `config`.
   */
  start(): Promise<void>;
  /** Finishes what is in hand and closes; changes no request's state. May be called twice, and ends a start that waits. */
  stop(): Promise<void>;
  /** For use between `start` and `stop`. Throws MillraceError `state` in a process that reaches no store. */
  readonly client: Client;
  /** Where health and metrics are answered, between `start` and `stop`; undefined without a configured port. */
  readonly httpUrl: string | undefined;
  /** Where requests are taken over HTTP, likewise. */
  readonly apiUrl: string | undefined;
};

/** Makes a millrace of definitions. Throws MillraceError `config` or `definition`. */
export function createMillrace(options: MillraceOptions, given: Partial<Ports> = {}): Millrace {
  const config = toConfig(options);
  if (offer(options)) return hostless;
  const mix = mixOf(config);
  const registry = createRegistry([...builtInActors, ...config.actors]);
  const ending = new AbortController();
  let running: Promise<Running> | undefined;
  let now: Running | undefined;
  return {
    async start() {
      const ports = portsOf(config, given);
      running ??= run({ config, mix, registry, ports, ending: ending.signal });
      now = await running;
    },
    async stop() {
      ending.abort();
      const started = await running?.catch(() => undefined);
      await started?.stop();
      now = undefined;
    },
    get httpUrl() {
      return now?.url;
    },
    get apiUrl() {
      return now?.apiUrl;
    },
    get client() {
      if (now === undefined)
        throw new MillraceError('state', 'millrace is not started; await millrace.start() first');
      if (now.client !== undefined) return now.client;
      const only = `this process has only the roles ${config.roles.join(', ')}, and no store`;
      throw new MillraceError('state', `${only}; a client is where the store is`);
    },
  };
}

/** Of a module that is imported for its definitions: what it does after the start is not done again. */
const hostless: Millrace = {
  start: () => new Promise(() => undefined),
  stop: () => Promise.resolve(),
  httpUrl: undefined,
  apiUrl: undefined,
  get client(): Client {
    throw new MillraceError('state', 'nothing is hosted in the process of an isolated job');
  },
};

type Running = {
  client: Client | undefined;
  url: string | undefined;
  apiUrl: string | undefined;
  stop(): Promise<void>;
};

type Parts = Pick<Process, 'config' | 'mix' | 'registry' | 'ports' | 'ending'>;

/** Everything in the order in which it is opened; what is opened later is closed earlier. */
async function run(parts: Parts): Promise<Running> {
  const { config, mix, ports } = parts;
  const { clock, log } = ports;
  const closing = new Closing(log);
  const close = (): Promise<void> => closing.close();
  try {
    const observed = await observe(config, closing);
    observed.health.check('process', () => 'is starting');
    const plans = mix.isLocked || mix.has('gateway') || mix.has('api');
    const { chains, stop } = openChains(
      { ...config, specs: plans ? config.specs : undefined },
      ports,
    );
    closing.add(stop);
    const authority = createAuthority(config.auth, { chains, clock, log });
    const told = { chains, authority, clock, log, closing, observed };
    const own: Process = { ...parts, ...told, feed: new Feed() };
    const control = mix.isLocked ? await takeFolder(config.data, { log, closing }) : undefined;
    const store = mix.needsStore ? await openStore(own) : undefined;
    const broker = await openBroker(own);
    const tracker =
      store && mix.has('tracker') ? await openTracker(own, { store, broker }) : undefined;
    const host = store && mix.has('host') ? await openHost(own, { store, broker }) : undefined;
    const storeId = mix.isLocked ? store?.id : undefined;
    // Before any partition is owned: the first start of the first group that is recovered is taken at once.
    const worker = mix.has('worker') ? await openWorker(own, { broker, storeId }) : undefined;
    const valve = host?.runtime.valve ?? Valve.of(store?.partitions ?? config.partitions, clock);
    const link = store && (await openLink(own, { broker, store, valve, host }));
    if (control !== undefined && link !== undefined) {
      const since = clock.now();
      control.open({
        link,
        log,
        rebuild: async () => (tracker ?? trackerless()).rebuild(),
        info: () => ({ ...infoOf(config, chains), since, running: worker?.running() ?? 0 }),
      });
      closing.add(() => control.refuse());
    }
    await host?.host.start();
    await tracker?.start();
    if (store && mix.has('gateway')) await openGateway(own, { broker, store, valve });
    const api = store && link && mix.has('api') ? await openApi(own, { store, link }) : undefined;
    closing.add(() => observed.health.check('process', () => 'is stopping'));
    observed.health.check('process', () => undefined);
    const urls = { url: observed.url, apiUrl: api?.url };
    return { client: link && createClient(link), ...urls, stop: close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function trackerless(): never {
  throw new TransientError('no tracker runs in the process that hosts; give it the role tracker');
}

/** What a host says of itself, as far as it stays the same. */
function infoOf({ data, jobs }: Config, chains: readonly ChainDefinition[]) {
  return {
    pid: process.pid,
    version,
    data,
    jobs: jobs.map(({ type }) => type),
    chains: chains.map(({ type }) => type),
  };
}
