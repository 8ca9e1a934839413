/**
 * Program of the benchmark `suspended`: `fill` suspends one chain and copies it under other ids, for nothing in
 * a group holds its id; `host` hosts the folder and tells its memory, and how long a resume takes.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import { toConfig } from '../../src/config.ts';
import { rebuildReadModels } from '../../src/openTracked.ts';
import type { Entry } from '../../src/ports/journal.ts';
import { partitionOf } from '../../src/protocol/topology.ts';
import { ordered, residentMb, tell } from './orders.ts';

const { phase, folder, chains } = z
  .object({ phase: z.enum(['fill', 'host']), folder: z.string(), chains: z.number() })
  .parse(ordered());

let onRun = (): void => undefined;

const wait = defineJob({
  type: 'wait',
  args: z.object({}),
  run: async ({ signal }) => {
    onRun();
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('told to stop')));
    });
  },
});

const lone = defineChain({
  type: 'lone',
  args: z.object({}),
  plan: ({ job }) => void job(wait, {}),
});

const millrace = createMillrace({ jobs: [wait], chains: [lone], data: folder });

async function suspendOne(): Promise<void> {
  await millrace.start();
  const isRunning = new Promise<void>((resolve) => (onRun = resolve));
  const request = await millrace.client.start(lone, {}, { requestId: 'original' });
  await isRunning;
  await request.suspend();
  await request.settled();
  await millrace.stop();
}

/** Appends the entries of the original under new ids, with their head and snapshot. */
async function copy(): Promise<void> {
  const store = openSqliteStore({ path: join(folder, 'store.db'), partitions: 16 });
  const original = partitionOf('original', store.partitions);
  const entries: Entry[] = [];
  for await (const entry of store.journal.readGroup(original, 'original', 0)) entries.push(entry);
  const head = await store.snapshots.head('original');
  const snapshot = await store.snapshots.newest('original');
  if (head === undefined || snapshot === undefined) throw new Error('the original is not stored');
  const waiting = new Map<number, Entry[]>();
  const append = async (partition: number): Promise<void> => {
    const copies = waiting.get(partition) ?? [];
    waiting.delete(partition);
    if (copies.length > 0) await store.journal.append(copies);
    const document = await store.journal.partition(partition);
    if (document === undefined) return;
    await store.journal.checkpoint({ ...document, released: await store.journal.head(partition) });
  };
  const heads = new Map<number, number>();
  for (let n = 0; n < chains; n += 1) {
    const group = `copy-${n}`;
    const partition = partitionOf(group, store.partitions);
    const offset = heads.get(partition) ?? (await store.journal.head(partition));
    const copies = entries.map((entry, place) => ({
      ...entry,
      partition,
      group,
      offset: offset + place + 1,
    }));
    heads.set(partition, offset + copies.length);
    waiting.set(partition, [...(waiting.get(partition) ?? []), ...copies]);
    await store.snapshots.put({ ...snapshot, group });
    await store.snapshots.putHeads([{ ...head, group, partition }]);
    if (n % 5000 === 4999) for (const each of [...waiting.keys()]) await append(each);
  }
  for (const each of [...waiting.keys()]) await append(each);
  await store.close();
}

if (phase === 'fill') {
  await suspendOne();
  await copy();
  // As a tracker leaves them that was there all the time.
  await rebuildReadModels(toConfig({ data: folder }));
  tell({});
} else {
  await millrace.start();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const mb = residentMb('VmRSS');
  const times: number[] = [];
  for (let n = 0; n < Math.min(20, chains); n += 1) {
    const isRunning = new Promise<void>((resolve) => (onRun = resolve));
    const before = performance.now();
    void millrace.client.request(`copy-${n}`).resume();
    await isRunning;
    times.push(performance.now() - before);
  }
  tell({ mb, times });
  await millrace.stop();
}
