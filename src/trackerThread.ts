/**
 * The tracker's thread: the second composition root. It opens its own connections, follows the journal
 * until it is told to stop, and then ends by itself.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openSqliteReadModels } from './adapters/sqlite/readModels.ts';
import { openSqliteStore } from './adapters/sqlite/store.ts';
import { systemClock } from './adapters/systemClock.ts';
import { messageOf } from './protocol/errors.ts';
import type { FromThread, ThreadData, ToThread } from './tracker/thread.ts';
import { Tracker } from './tracker/tracker.ts';

const { store: path, models: modelsPath, partitions, news } = workerData as ThreadData;

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
  const seen = news.slice();
  for (;;) {
    await changed(seen[0] ?? 0);
    for (let partition = -1; partition < partitions; partition += 1) {
      const count = Atomics.load(news, 1 + partition);
      if (partition >= 0 && count !== seen[1 + partition]) tracker.nudge(partition);
      seen[1 + partition] = count;
    }
  }
}

/** Resolves when the count of commits is another one. */
async function changed(count: number): Promise<void> {
  const { waitAsync } = withWaitAsync(Atomics);
  await waitAsync(news, 0, count).value;
}

/** A cast: Node 20 has it, the ES2023 library does not name it yet. */
function withWaitAsync(atomics: unknown): {
  waitAsync(array: Int32Array, index: number, value: number): { value: Promise<string> | string };
} {
  return atomics as ReturnType<typeof withWaitAsync>;
}
