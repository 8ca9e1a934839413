/** The role `host`: owns partitions, steps their groups, commits and sends what follows. */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { newId } from '../newId.ts';
import type { Broker } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import type { QueueStats } from '../ports/queueStats.ts';
import type { Store } from '../ports/store.ts';
import { BrokerEpoch, inProcessEpoch } from '../runtime/epoch.ts';
import { Desk } from '../runtime/attempts/desk.ts';
import { Feed } from '../runtime/feed.ts';
import { Host } from '../runtime/host.ts';
import { Memory } from '../runtime/memory.ts';
import { Outlet } from '../runtime/outlet.ts';
import { Pace } from '../runtime/pace.ts';
import type { Registry } from '../runtime/registry.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createFreezer } from '../runtime/snapshots.ts';
import { Valve } from '../runtime/valve.ts';

export type HostRole = { host: Host; runtime: Runtime; feed: Feed };

type HostOptions = {
  broker: Broker;
  store: Store;
  clock: Clock;
  log: Logger;
  registry: Registry;
  /** No other process can host this deployment: it has locked the data folder. */
  isAlone: boolean;
  stats: QueueStats | undefined;
};

/** A host that has not started. */
export function createHost({ isAlone, stats, ...parts }: HostOptions): HostRole {
  const { broker, store, clock, log, registry } = parts;
  const feed = new Feed();
  const stopping = new AbortController();
  // Every partition listens, and Node takes more than ten for a leak.
  setMaxListeners(0, stopping.signal);
  const runtime: Runtime = {
    broker,
    epoch: broker.isRemote
      ? new BrokerEpoch({ broker, store, clock, log, stopping: stopping.signal, newId })
      : inProcessEpoch(newId()),
    store,
    clock,
    registry,
    freezer: createFreezer(registry, store.blobs),
    feed,
    outlet: new Outlet(broker, clock),
    desk: new Desk({ broker, clock, partitions: store.partitions, random: Math.random }),
    pace: new Pace(),
    valve: new Valve(clock),
    memory: new Memory(registry),
    log,
    stopping,
    random: Math.random,
    newToken: () => randomBytes(6).toString('base64url'),
  };
  const name = `${hostname()}:${process.pid}`;
  const host = new Host(runtime, { isAlone, name, ...(stats !== undefined && { stats }) });
  return { host, runtime, feed };
}
