/** The role `host`: owns partitions, steps their groups, commits and sends what follows. */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { newId } from '../newId.ts';
import type { Broker } from '../ports/broker.ts';
import type { Store } from '../ports/store.ts';
import { trackerTopology } from '../protocol/topology.ts';
import { Announcer } from '../runtime/announcer.ts';
import { BrokerEpoch, inProcessEpoch } from '../runtime/epoch.ts';
import { Desk } from '../runtime/attempts/desk.ts';
import { Host } from '../runtime/host.ts';
import { Memory } from '../runtime/memory.ts';
import { Outlet } from '../runtime/outlet.ts';
import { Pace } from '../runtime/pace.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createFreezer } from '../runtime/snapshots.ts';
import { Valve } from '../runtime/valve.ts';
import type { Process } from './process.ts';
import { queueStatsOf } from './queueStats.ts';

type HostPorts = { broker: Broker; store: Store };

export type HostRole = { host: Host; runtime: Runtime };

/** A host that has not started. */
export async function openHost(own: Process, ports: HostPorts): Promise<HostRole> {
  const { config, mix, closing, observed } = own;
  const runtime = runtimeOf(own, ports);
  // The stream of all that is committed, for whoever listens or replays; what trackers read is theirs to declare.
  if (ports.broker.isRemote) await ports.broker.declare(trackerTopology(0));
  const name = `${hostname()}:${process.pid}`;
  const stats = await queueStatsOf(config);
  const isAlone = mix.isLocked;
  const host = new Host(runtime, { isAlone, name, ...(stats !== undefined && { stats }) });
  closing.add(() => host.stop());
  observed.health.check('host', () => host.trouble);
  observed.gauges.partitions = () => host.owned().length;
  observed.gauges.parked = () => parkedIn(host);
  return { host, runtime };
}

function runtimeOf(own: Process, ports: HostPorts): Runtime {
  const { registry, clock, log, feed, config, observed } = own;
  const { broker, store } = ports;
  const stopping = new AbortController();
  // Every partition listens.
  setMaxListeners(0, stopping.signal);
  const isOfJobs = config.publish.jobTransitions;
  return {
    broker,
    epoch: broker.isRemote
      ? new BrokerEpoch({ broker, store, clock, log, stopping: stopping.signal, newId })
      : inProcessEpoch(newId()),
    store,
    clock,
    registry,
    freezer: createFreezer(registry, store.blobs),
    feed,
    ...(broker.isRemote && { announcer: new Announcer({ broker, clock, registry, isOfJobs }) }),
    ...(observed.onReleased !== undefined && { onReleased: observed.onReleased }),
    outlet: new Outlet(broker, clock),
    desk: new Desk({ broker, clock, partitions: store.partitions, random: Math.random }),
    pace: new Pace(),
    valve: Valve.of(store.partitions, clock),
    memory: new Memory(registry),
    log,
    stopping,
    random: Math.random,
    newToken: () => randomBytes(6).toString('base64url'),
  };
}

/** Groups in memory whose messages are kept until somebody unparks them. */
function parkedIn(host: Host): number {
  let parked = 0;
  for (const { residents } of host.owned())
    for (const resident of residents.values()) if (resident.parked !== undefined) parked += 1;
  return parked;
}
