/** The role `tracker` over a store of many processes: told of news by the broker, or by the host beside it. */
import { newId } from '../newId.ts';
import { openReadModels } from '../openStore.ts';
import type { Broker } from '../ports/broker.ts';
import type { Store } from '../ports/store.ts';
import { trackerQueue, trackerTopology } from '../protocol/topology.ts';
import { Tracker } from '../tracker/tracker.ts';
import { subscribe } from '../worker/subscription.ts';
import type { Process } from './process.ts';
import { hearSignals } from './signals.ts';
import type { TrackerRole } from './tracker.ts';

type TrackerPorts = { store: Store; broker: Broker };

/** A message only says where to look: all that waits may be taken at once. */
const prefetch = 1000;

/** A tracker that has not started. */
export async function openTrackerOver(own: Process, ports: TrackerPorts): Promise<TrackerRole> {
  const { config, clock, log, closing } = own;
  const { id, journal, blobs, partitions } = ports.store;
  const models = await openReadModels(config, { store: id, readonly: false });
  closing.add(() => models.close());
  const warn = (text: string): void => log.warn(text);
  const tracker = new Tracker({ journal, blobs, models, clock, partitions, warn });
  closing.add(() => tracker.stop());
  return {
    async start() {
      tracker.start();
      if (ports.broker.isRemote) await listen(own, ports, tracker);
      else listenBeside(own, tracker);
    },
    rebuild: () => tracker.rebuild(),
  };
}

function listenBeside({ feed }: Process, tracker: Tracker): void {
  feed.subscribe(undefined, {
    onEntry: ({ partition }) => tracker.nudge(partition),
    onStatus: (signal) => tracker.status(signal),
  });
}

/** Of several trackers one is told of a partition; the others look now and then, and would go on. */
async function listen(
  { clock, closing }: Process,
  { broker, store: { partitions } }: TrackerPorts,
  tracker: Tracker,
): Promise<void> {
  const topology = trackerTopology(partitions);
  const common = { broker, clock, random: Math.random, topology, prefetch };
  for (let partition = 0; partition < partitions; partition += 1) {
    const subscription = await subscribe({
      ...common,
      queue: trackerQueue(partition),
      onReceipt: (receipt) => {
        tracker.nudge(partition);
        receipt.ack();
      },
      onLost: () => undefined,
    });
    closing.add(() => subscription.close());
  }
  const queue = `millrace.news.${newId().slice(-12)}`;
  const signals = { onStatus: tracker.status.bind(tracker) };
  const heard = await hearSignals({ broker, clock }, { queue, signals });
  closing.add(() => heard.close());
}
