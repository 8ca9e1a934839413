/** The role `tracker`: keeps the read models. Beside a SQLite store it is a thread of the hosting process. */
import type { Store } from '../ports/store.ts';
import type { Rebuilt } from '../tracker/tracker.ts';
import type { Process } from './process.ts';
import { createTrackerBeside } from './trackerBeside.ts';

export type TrackerRole = {
  start(): void;
  /** Makes the read models anew from the journal. */
  rebuild(): Promise<Rebuilt>;
};

/** A tracker that has not started. */
export function openTracker(
  { config, clock, log, feed, closing }: Process,
  { store }: { store: Store },
): TrackerRole {
  const { data } = config;
  const { partitions } = store;
  const tracker = createTrackerBeside({ data, partitions, feed, clock, log });
  closing.add(() => tracker.stop());
  return tracker;
}
