/** A job that kills its workers, among slow siblings: they are unharmed, and it fails with that reason. */
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../kit/cluster/cluster.ts';
import { missing, useCluster } from '../../kit/cluster/fixture.ts';
import { readerOf } from '../../kit/cluster/judge.ts';

const skipped = missing();

/** A worker that a service manager starts again whenever it dies. */
async function keepAlive(cluster: Cluster, name: string): Promise<void> {
  try {
    const { process: child } = await cluster.start(name, ['worker'], { concurrency: 4 });
    child.once('exit', () => {
      if (cluster.isOpen) void keepAlive(cluster, name);
    });
  } catch (error) {
    // The cluster may be closed while one of its members starts.
    if (cluster.isOpen) throw error;
  }
}

describe.skipIf(skipped !== undefined)(`a poisonous job ${skipped ?? ''}`, () => {
  const cluster = useCluster(async (opening) => {
    await opening.start('host-1', ['gateway', 'host', 'tracker']);
    await Promise.all(['worker-1', 'worker-2'].map((name) => keepAlive(opening, name)));
  });

  it('fails with that reason, and its siblings are complete', async () => {
    await cluster().create('poisoned', { siblings: 6, ms: 1500 }, 'poisonous');
    await cluster().ended([{ id: 'poisoned' }], 90_000);
    const reader = readerOf(cluster().store);
    const jobs = await reader.jobs('poisoned');
    expect(jobs.filter(({ state }) => state === 'complete')).toHaveLength(6);
    expect(await reader.status('poisoned')).toMatchObject({
      state: 'FAIL',
      failures: [{ name: 'poison', reason: expect.stringMatching(/worker/) }],
    });
    expect((await reader.verify('poisoned')).difference).toBeUndefined();
  }, 120_000);
});
