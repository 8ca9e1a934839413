/** The role `tracker` where the store is SQLite: a thread beside the host, which tells it what is new. */
import { extname, join } from 'node:path';
import type { Logger } from 'pino';
import { readModelsFile } from '../adapters/sqlite/readModels.ts';
import { storeFile } from '../adapters/sqlite/store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Feed } from '../runtime/feed.ts';
import { TrackerThread } from '../tracker/thread.ts';

/** In the sources and when they are built. */
const entry = new URL(`../trackerThread${extname(import.meta.url)}`, import.meta.url);

type Options = { data: string; partitions: number; feed: Feed; clock: Clock; log: Logger };

/** A thread that has not started. */
export function createTrackerBeside({
  data,
  partitions,
  feed,
  clock,
  log,
}: Options): TrackerThread {
  const tracker = new TrackerThread({
    entry,
    store: join(data, storeFile),
    models: join(data, readModelsFile),
    partitions,
    clock,
    warn: (text) => log.warn(text),
  });
  feed.subscribe(undefined, {
    onEntry: ({ partition }) => tracker.committed(partition),
    onStatus: (signal) => tracker.status(signal),
  });
  return tracker;
}
