/** Machine code is changed under a running actor: it is parked and said so, and goes on by hand once the code is back. */
import { describe, expect, it } from 'vitest';
import { missing, useCluster } from '../../kit/cluster/fixture.ts';
import { readerOf } from '../../kit/cluster/judge.ts';
import { eventually } from '../../kit/eventually.ts';

const skipped = missing();
const roles = ['gateway', 'host', 'tracker'] as const;

describe.skipIf(skipped !== undefined)(`changed machine code ${skipped ?? ''}`, () => {
  const cluster = useCluster(async (opening) => {
    await opening.start('host-1', [...roles], { task: { after: 'idle' } });
    await opening.start('worker-1', ['worker']);
  });

  it('parks what it cannot replay, and unpark goes on with the old code', async () => {
    const { store } = cluster();
    const parked = async () => (await store.snapshots.head('counter'))?.parked;
    const reader = () => readerOf(store, { after: 'idle' });
    await cluster().tell('counter', 'task/main', { type: 'task.create' });
    await cluster().tell('counter', 'task/main', { type: 'task.work', text: 'good' });
    await eventually(async () => {
      const types: string[] = [];
      const partition = cluster().partitionOf('counter');
      for await (const { type } of store.journal.readGroup(partition, 'counter', 0))
        types.push(type);
      expect(types).toContain('attempt.succeeded');
    }, 20_000);
    // Killed, so that no snapshot stands in for what the next one must step again.
    await cluster().signal('host-1', 'SIGKILL');
    await cluster().start('host-2', [...roles], { task: { after: 'napping' } });
    await cluster().tell('counter', 'task/main', { type: 'task.poke', by: 2 });
    await eventually(async () => expect(await parked()).toMatch(/attempt/), 30_000, 50);
    await cluster().signal('host-2', 'SIGTERM');
    await cluster().start('host-3', [...roles], { task: { after: 'idle' } });
    await cluster().command('counter', 'group.unpark');
    await eventually(async () => expect(await parked()).toBeUndefined(), 30_000, 50);
    await eventually(async () => expect(await reader().query('counter', 'count')).toBe(2));
    expect((await reader().verify('counter')).difference).toBeUndefined();
  }, 120_000);
});
