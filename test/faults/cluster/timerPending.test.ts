/** A timer is all that is pending on a partition when its owner is killed: the next owner holds it. */
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../kit/cluster/cluster.ts';
import { missing, useCluster } from '../../kit/cluster/fixture.ts';
import { openPairs } from '../../kit/cluster/faults.ts';
import { readerOf } from '../../kit/cluster/judge.ts';
import { eventually } from '../../kit/eventually.ts';

const skipped = missing();

describe.skipIf(skipped !== undefined)(`a timer on an idle partition ${skipped ?? ''}`, () => {
  const cluster = useCluster(openPairs);

  it.each([1, 2, 3])(
    'fires under the next owner: %d',
    async (number) => {
      const group = `alarm-${number}`;
      const count = () => readerOf(cluster().store).query(group, 'count');
      await cluster().tell(group, 'task/main', { type: 'task.create' });
      // Two gateways forward what they are given side by side.
      await eventually(async () => expect(await count()).toBe(0));
      await cluster().tell(group, 'task/main', { type: 'task.alarm', afterMs: 4000 });
      await eventually(async () => expect(await typesOf(cluster(), group)).toContain('task.alarm'));
      const { name, roles } = await cluster().ownerOf(group);
      await cluster().signal(name, 'SIGKILL');
      await eventually(async () => expect(await count()).toBe(100), 30_000, 50);
      await cluster().start(name, [...roles]);
      expect((await readerOf(cluster().store).verify(group)).difference).toBeUndefined();
    },
    60_000,
  );
});

/** What its journal holds. */
async function typesOf(cluster: Cluster, group: string): Promise<string[]> {
  const types: string[] = [];
  const entries = cluster.store.journal.readGroup(cluster.partitionOf(group), group, 0);
  for await (const { type } of entries) types.push(type);
  return types;
}
