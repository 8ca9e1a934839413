/** A step that throws each time at an answer that its group is owed: that group is parked and said, all others go on. */
import { describe, expect, it } from 'vitest';
import { chainOf } from '../../kit/crashChain.ts';
import { missing, useCluster } from '../../kit/cluster/fixture.ts';
import { judge, readerOf } from '../../kit/cluster/judge.ts';
import { eventually } from '../../kit/eventually.ts';

const skipped = missing();

describe.skipIf(skipped !== undefined)(`a step that throws each time ${skipped ?? ''}`, () => {
  const cluster = useCluster(async (opening) => {
    await opening.start('host-1', ['gateway', 'host', 'tracker'], { task: { throwsAt: 'bad' } });
    await opening.start('host-2', ['gateway', 'host', 'tracker'], { task: { throwsAt: 'bad' } });
    await opening.start('worker-1', ['worker']);
  });

  it('parks its group with the reason; chains beside it end right, also on the next owner', async () => {
    const chains = [0, 2].map((index) => chainOf(1, index));
    await cluster().tell('moody', 'task/main', { type: 'task.create' });
    await cluster().tell('moody', 'task/main', { type: 'task.work', text: 'bad' });
    const parked = async (): Promise<void> => {
      const head = await cluster().store.snapshots.head('moody');
      expect(head?.parked).toMatch(/attempt.succeeded for task\/main threw: cannot take it/);
    };
    await eventually(parked, 20_000, 50);
    await cluster().signal((await cluster().owner()).name, 'SIGKILL');
    for (const [index, { id }] of chains.entries())
      await cluster().create(id, { seed: 1, index: index * 2 });
    await cluster().ended(chains);
    await judge(cluster(), chains, ['moody']);
    await parked();
    expect((await readerOf(cluster().store).verify('moody')).difference).toBeUndefined();
  }, 120_000);
});
