/** The role `gateway`: takes what publishers say on `millrace.commands`, and makes chains of it. */
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { BusyElsewhere } from '../gateway/busyElsewhere.ts';
import type { Kind } from '../gateway/commands.ts';
import { Gateway } from '../gateway/gateway.ts';
import { newId } from '../newId.ts';
import type { Broker } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { Valve } from '../runtime/valve.ts';

type GatewayRoleOptions = {
  config: Config;
  broker: Broker;
  store: Store;
  clock: Clock;
  log: Logger;
  /** All kinds of actors, built in and the user's. */
  kinds: readonly Kind[];
  /** The host's, where this process hosts too. */
  valve: Valve;
};

export type GatewayRole = {
  /** Messages since the start: sent on, and set aside. */
  readonly counts: { accepted: number; rejected: number };
  start(): Promise<void>;
  stop(): Promise<void>;
};

/** A gateway that has not started. */
export function createGatewayRole({ config, store, ...parts }: GatewayRoleOptions): GatewayRole {
  const { broker, clock, log, valve } = parts;
  const { chains, jobs } = config;
  const gateway = new Gateway({
    ...parts,
    partitions: store.partitions,
    chains,
    jobs: new Map(jobs.map((job) => [job.type, job])),
    blobs: store.blobs,
    exists: async (id) => (await store.snapshots.head(id)) !== undefined,
    room: valve,
    newId,
    random: Math.random,
  });
  // Every partition of an in-process broker is owned here, and the valve knows all.
  const elsewhere = broker.isRemote
    ? new BusyElsewhere({ hosts: store.hosts, clock, log, valve })
    : undefined;
  return {
    counts: gateway.counts,
    async start() {
      elsewhere?.start();
      await gateway.start();
    },
    async stop() {
      elsewhere?.stop();
      await gateway.stop();
    },
  };
}
