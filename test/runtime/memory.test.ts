/** Groups that only wait leave memory when it is too much, and come back as they were. */
import { expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { openRig, the } from '../kit/rig.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const actors = [taskActor()];

it('a group that waits for an attempt and a timer leaves memory, and both find it again', async () => {
  const rig = await openRig({ actors, folder: tempFolder(), memoryBytes: 0 });
  const starts = await rig.starts('work');
  await rig.tell('g', 'task.create');
  await rig.tell('g', 'task.alarm', { afterMs: 60_000 });
  await rig.tell('g', 'task.work');
  await eventually(() => {
    rig.clock.advance(200);
    expect(rig.runtime.memory.bytes).toBe(0);
  });
  expect(await rig.runtime.store.snapshots.newest('g')).toMatchObject({ seq: 3 });
  expect((await rig.host.group('g')).group.obligations.attempts.size).toBe(1);
  rig.clock.advance(60_000);
  await eventually(async () => expect(await rig.entries('g')).toHaveLength(4));
  await rig.answer(the(starts[0]), 'attempt.succeeded', { result: 1 });
  await eventually(async () => expect(await rig.entries('g')).toHaveLength(5));
  expect(await rig.tell('g', 'task.poke', { by: 1 })).toMatchObject({ count: 101 });
  await rig.stop();
});

it('the one used last stays longest', async () => {
  const rig = await openRig({ actors, folder: tempFolder(), memoryBytes: 6000 });
  for (const id of ['a', 'b', 'c']) {
    await rig.tell(id, 'task.create');
    await rig.tell(id, 'task.work');
    await eventually(() => {
      rig.clock.advance(200);
      expect(rig.runtime.memory.bytes).toBeLessThanOrEqual(6000);
    });
  }
  const newest = async (id: string) => (await rig.runtime.store.snapshots.newest(id))?.seq;
  // Each had one when it owed nothing yet; who leaves gets a newer one.
  expect([await newest('a'), await newest('c')]).toEqual([2, 1]);
  await rig.stop();
});
