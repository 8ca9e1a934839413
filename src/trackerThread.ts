/**
 * The tracker's thread: the second composition root. It opens its own connections, follows the journal
 * until it is told to stop, and then ends by itself.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openSqliteReadModels } from './adapters/sqlite/readModels.ts';
import { openSqliteStore } from './adapters/sqlite/store.ts';
import { systemClock } from './adapters/systemClock.ts';
import { messageOf } from './protocol/errors.ts';
import { News } from './tracker/news.ts';
import type { FromThread, ThreadData, ToThread } from './tracker/thread.ts';
import { Tracker } from './tracker/tracker.ts';

/** After news the tracker gathers more anyway, so for some moments none is listened to. */
const deafMs = 10;

const { store: path, models: modelsPath, partitions, news: shared } = workerData as ThreadData;

const store = openSqliteStore({ path, partitions, readonly: true });
const models = openSqliteReadModels({ path: modelsPath, store: store.id });
const tracker = new Tracker({
  journal: store.journal,
  blobs: store.blobs,
  models,
  clock: systemClock,
  partitions: store.partitions,
  warn: (text) => tell({ type: 'warn', text }),
});

function tell(message: FromThread): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', (message: ToThread) => {
  if (message.type === 'status') tracker.status(message.signal);
  else if (message.type === 'rebuild') void rebuild();
  else void stop();
});
tracker.start();
void listen();

async function rebuild(): Promise<void> {
  try {
    tell({ type: 'rebuilt', rebuilt: await tracker.rebuild() });
  } catch (thrown) {
    tell({ type: 'notRebuilt', reason: messageOf(thrown) });
  }
}

async function stop(): Promise<void> {
  await tracker.stop();
  await models.close();
  await store.close();
  // Nothing is left to wait for but the news.
  process.exit();
}

async function listen(): Promise<void> {
  const news = new News(shared);
  for (;;) {
    for (const partition of await news.next()) tracker.nudge(partition);
    await new Promise((resolve) => setTimeout(resolve, deafMs));
  }
}
