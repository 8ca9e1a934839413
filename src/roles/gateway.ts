/** The role `gateway`: takes what publishers ask for on `millrace.commands`, plans it, and hands it to the partitions. */
import { planAsked } from '../gateway/asked.ts';
import { BusyElsewhere } from '../gateway/busyElsewhere.ts';
import { Gateway } from '../gateway/gateway.ts';
import { planRetry } from '../gateway/retries.ts';
import type { Asked, RetryAsked } from '../link.ts';
import { newId } from '../newId.ts';
import type { Broker } from '../ports/broker.ts';
import type { Store } from '../ports/store.ts';
import { partitionOf } from '../protocol/topology.ts';
import { createFreezer } from '../runtime/snapshots.ts';
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
    exists: (id) => exists(store, id),
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
  return {
    plan: (asked) => planAsked(asked, planners),
    planRetry: (asked) => planRetry(asked, planners),
  };
}

function plannersOf({ config, chains, registry }: Process, store: Store) {
  const { blobs } = store;
  const jobs = new Map(config.jobs.map((job) => [job.type, job]));
  const ended = endedIn({ store, registry, freezer: createFreezer(registry, blobs) });
  return { chains, jobs, blobs, ended };
}

/** Its head may be written after its first entry. */
async function exists({ snapshots, journal, partitions }: Store, id: string): Promise<boolean> {
  if ((await snapshots.head(id)) !== undefined) return true;
  for await (const { group } of journal.readGroup(partitionOf(id, partitions), id, 0))
    return group !== undefined;
  return false;
}
