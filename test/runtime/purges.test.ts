/** A job queue that was purged: found by its counts, and what was in it sent again, once. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { attemptStartSchema } from '../../src/protocol/attempts.ts';
import { jobQueue, jobTopology } from '../../src/protocol/topology.ts';
import type { QueueStats } from '../../src/ports/queueStats.ts';
import { Cluster } from '../kit/cluster.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';

let cluster: Cluster;

beforeEach(() => {
  cluster = new Cluster({ actors: [taskActor()], folder: tempFolder(), partitions: 2 });
});

afterEach(async () => {
  await cluster.stop();
});

/** What is in the queue, told as late as management does: as it was at the look before. */
function lateStats(): QueueStats {
  let before = { ready: 0, unacked: 0 };
  return {
    async sample(queue) {
      const told = before;
      before = { ready: (await cluster.broker.inspect(queue))?.ready ?? 0, unacked: 0 };
      return told;
    },
  };
}

function purge(): Promise<void> {
  cluster.broker.deleteQueue(jobQueue('work'));
  return cluster.broker.declare(jobTopology('work'));
}

it('what was purged is sent again once its queue was empty at two looks, and only that', async () => {
  const host = await cluster.join({ stats: lateStats() });
  await cluster.until(() => host.owned().length === 2);
  await cluster.tell('g', 'task.create');
  await cluster.tell('g', 'task.work');
  await cluster.pass(30_000);
  const claims = await countClaims();
  await purge();
  const seen: string[] = [];
  await cluster.broker.consume(jobQueue('work'), {
    prefetch: 100,
    onClosed: () => undefined,
    onDelivery: ({ body }) => void seen.push(attemptStartSchema.parse(JSON.parse(body)).startId),
  });
  await cluster.until(() => seen.length > 0);
  expect(seen).toEqual(['g/task/main/attempt/1']);
  expect(await countClaims()).toBe(claims + 1);
});

it('an attempt that is to stop is sent again, too, so that somebody answers it', async () => {
  const host = await cluster.join({ stats: lateStats() });
  await cluster.until(() => host.owned().length === 2);
  await cluster.tell('g', 'task.create');
  await cluster.tell('g', 'task.work');
  await cluster.tell('g', 'task.cancel');
  await cluster.pass(30_000);
  await purge();
  const isThere = async (): Promise<boolean> =>
    ((await cluster.broker.inspect(jobQueue('work')))?.ready ?? 0) > 0;
  for (let looks = 0; looks < 10 && !(await isThere()); looks += 1) await cluster.pass(12_000);
  expect(await isThere()).toBe(true);
});

it('a start that waits for a worker is left alone, however long', async () => {
  const host = await cluster.join({ stats: lateStats() });
  await cluster.until(() => host.owned().length === 2);
  await cluster.tell('g', 'task.create');
  await cluster.tell('g', 'task.work');
  await cluster.pass(90_000);
  expect(await countClaims()).toBe(2);
  expect(await cluster.broker.inspect(jobQueue('work'))).toMatchObject({ ready: 1 });
});

async function countClaims(): Promise<number> {
  let claims = 0;
  for (let partition = 0; partition < 2; partition += 1) {
    for await (const { type } of cluster.store.journal.read(partition, 0)) {
      if (type === 'partition.claim') claims += 1;
    }
  }
  return claims;
}
