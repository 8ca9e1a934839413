/** Suspend while 1,000 starts wait in the queue, and resume on other hosts and workers: none is run in between. */
import { describe, expect, it } from 'vitest';
import { missing, useCluster } from '../../kit/cluster/fixture.ts';
import { readerOf } from '../../kit/cluster/judge.ts';
import { eventually } from '../../kit/eventually.ts';

const skipped = missing();
const jobs = 1000;

describe.skipIf(skipped !== undefined)(`1,000 starts in the queue ${skipped ?? ''}`, () => {
  const cluster = useCluster(async (opening) => {
    await opening.start('host-1', ['gateway', 'host', 'tracker']);
    await opening.start('worker-1', ['worker'], { concurrency: 2 });
  });

  it('are answered unrun by a suspend, and run after the resume elsewhere', async () => {
    const id = 'suspended';
    await cluster().create(id, { jobs, ms: 20 }, 'wide');
    await cluster().begun(10);
    await cluster().command(id, 'request.suspend');
    await eventually(async () => expect(await cluster().state(id)).toBe('SUSPENDED'), 20_000);
    const ran = cluster()
      .executions()
      .filter(({ what }) => what === 'start').length;
    await cluster().signal('host-1', 'SIGKILL');
    await cluster().signal('worker-1', 'SIGKILL');
    await cluster().start('host-2', ['gateway', 'host', 'tracker']);
    await cluster().start('worker-2', ['worker'], { concurrency: 50 });
    expect(
      cluster()
        .executions()
        .filter(({ what }) => what === 'start'),
    ).toHaveLength(ran);
    await cluster().command(id, 'request.resume');
    await cluster().ended([{ id }], 90_000);
    const reader = readerOf(cluster().store);
    const ended = await reader.jobs(id);
    expect(ended.filter(({ state }) => state === 'complete')).toHaveLength(jobs);
    expect((await reader.verify(id)).difference).toBeUndefined();
  }, 150_000);
});
