/** The role `gateway`: takes what publishers ask for on `millrace.commands`, plans it, and hands it to the partitions. */
import { authorisePublishers } from '../auth/publishers.ts';
import type { Authorise } from '../gateway/authorise.ts';
import { groupType } from '../gateway/groupType.ts';
import { planAsked } from '../gateway/asked.ts';
import { BusyElsewhere } from '../gateway/busyElsewhere.ts';
import { Gateway } from '../gateway/gateway.ts';
import { planRetry } from '../gateway/retries.ts';
import type { Asked, RetryAsked } from '../link.ts';
import { newId } from '../newId.ts';
import type { Broker } from '../ports/broker.ts';
import type { Store } from '../ports/store.ts';
import { loginOf } from '../protocol/login.ts';
import { createFreezer } from '../runtime/snapshots.ts';
import { Turnstile } from '../runtime/turnstile.ts';
import type { Valve } from '../runtime/valve.ts';
import { endedIn } from './ended.ts';
import type { Process } from './process.ts';

type GatewayPorts = { broker: Broker; store: Store; valve: Valve };

/** Takes commands when this resolves. */
export async function openGateway(own: Process, ports: GatewayPorts): Promise<void> {
  const { mix, registry, clock, log, closing } = own;
  const { broker, store, valve } = ports;
  const { partitions } = store;
  const busy = new BusyElsewhere({ hosts: store.hosts, clock, log, valve });
  if (!mix.isLocked) busy.start();
  closing.add(() => busy.stop());
  const kinds = Object.keys(registry.versions).map((kind) => registry.kind(kind).definition);
  const gateway = new Gateway({
    ...{ broker, clock, log, partitions, kinds, room: valve, newId, random: Math.random },
    ...plannersOf(own, store),
    exists: async (id) => (await groupType(store, id)) !== undefined,
    ...authoriseOf(own, ports),
  });
  closing.add(() => gateway.stop());
  await gateway.start();
}

type Planner = {
  plan(asked: Asked): Promise<object>;
  planRetry(asked: RetryAsked): Promise<object>;
};

/** How this process plans what is asked for. */
export function planner(own: Process, store: Store): Planner {
  const planners = plannersOf(own, store);
  const turnstile = new Turnstile(own.clock);
  return {
    async plan(asked) {
      await turnstile.pass();
      return planAsked(asked, planners);
    },
    planRetry: (asked) => planRetry(asked, planners),
  };
}

function plannersOf({ config, chains, registry }: Process, store: Store) {
  const { blobs } = store;
  const jobs = new Map(config.jobs.map((job) => [job.type, job]));
  const ended = endedIn({ store, registry, freezer: createFreezer(registry, blobs) });
  const { suspendedTtlMs } = config;
  return { chains, jobs, blobs, ended, suspendedTtlMs };
}

/** Into a broker inside this process nobody else publishes. */
function authoriseOf(own: Process, { broker, store }: GatewayPorts): { authorise?: Authorise } {
  const { auth, amqpUrl } = own.config;
  if (auth === undefined || !broker.isRemote) return {};
  const login = amqpUrl === undefined ? undefined : loginOf(amqpUrl);
  const { authority } = own;
  const options = { authority, users: auth.users, own: login };
  return { authorise: authorisePublishers({ ...options, typeOf: (id) => groupType(store, id) }) };
}
