/** How this process itself speaks to the deployment: as the one that hosts, or as one of many. */
import { openClusterLink } from '../clusterLink.ts';
import { openHostLink } from '../hostLink.ts';
import type { Link } from '../link.ts';
import { newId } from '../newId.ts';
import type { Broker } from '../ports/broker.ts';
import type { Store } from '../ports/store.ts';
import { partitionOf } from '../protocol/topology.ts';
import { createReader } from '../reader.ts';
import type { GroupSource } from '../reader.ts';
import { loadGroup } from '../runtime/load.ts';
import { createFreezer } from '../runtime/snapshots.ts';
import type { Valve } from '../runtime/valve.ts';
import { planner } from './gateway.ts';
import type { HostRole } from './host.ts';
import { BrokerNews } from './news.ts';
import type { Process } from './process.ts';
import { hearSignals } from './signals.ts';

type LinkPorts = { broker: Broker; store: Store; valve: Valve; host: HostRole | undefined };

/** Nothing of it is of use before the roles have started. */
export async function openLink(own: Process, ports: LinkPorts): Promise<Link> {
  const { mix, clock, closing, feed } = own;
  const { broker, store, valve, host } = ports;
  const { partitions } = store;
  const reader = createReader(store, own.registry, host ? inMemory(host) : fromStore(own, store));
  if (!mix.isLocked) {
    const news = new BrokerNews({ broker, clock, partitions, newId });
    const link = await openClusterLink({ broker, clock, newId, reader, partitions, news });
    closing.add(() => link.close());
    return link;
  }
  if (broker.isRemote) await hearOthers(own, broker);
  const common = { broker, clock, newId, reader, feed, partitions, valve };
  const link = await openHostLink({ ...common, ...planner(own, store) });
  closing.add(() => link.close());
  return link;
}

function inMemory({ host }: HostRole): GroupSource {
  return async (id) => host.group(id);
}

function fromStore({ registry }: Process, store: Store): GroupSource {
  const loader = { store, registry, freezer: createFreezer(registry, store.blobs) };
  return (id) => loadGroup(loader, { partition: partitionOf(id, store.partitions), id });
}

/** What attempts say that run in workers elsewhere. */
async function hearOthers({ clock, closing, feed }: Process, broker: Broker): Promise<void> {
  const queue = `millrace.news.${newId().slice(-12)}`;
  const signals = { onStatus: feed.status.bind(feed), onOutput: feed.output.bind(feed) };
  const heard = await hearSignals({ broker, clock }, { queue, signals });
  closing.add(() => heard.close());
}
