/**
 * The role `tracker`: keeps the read models. Beside a SQLite store it is a thread of the hosting process; over
 * MongoDB any number of processes follow the journal, each document being written by whoever is first.
 */
import type { Broker } from '../ports/broker.ts';
import type { Store } from '../ports/store.ts';
import type { Rebuilt } from '../tracker/tracker.ts';
import type { Process } from './process.ts';
import { createTrackerBeside } from './trackerBeside.ts';

export type TrackerRole = {
  start(): Promise<void>;
  /** Makes the read models anew from the journal. */
  rebuild(): Promise<Rebuilt>;
};

/** A tracker that has not started. */
export async function openTracker(
  own: Process,
  ports: { store: Store; broker: Broker },
): Promise<TrackerRole> {
  const { config, mix, clock, log, feed, closing } = own;
  if (mix.store === 'mongodb')
    return (await import('./trackerOver.ts')).openTrackerOver(own, ports);
  const { data } = config;
  const { partitions } = ports.store;
  const tracker = createTrackerBeside({ data, partitions, feed, clock, log });
  closing.add(() => tracker.stop());
  return {
    start: async () => tracker.start(),
    rebuild: () => tracker.rebuild(),
  };
}
