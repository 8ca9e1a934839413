/** How a batch is taken in. */
import { expect, it } from 'vitest';
import { partitionOf } from '../../src/protocol/topology.ts';
import { load } from '../../src/runtime/intake.ts';
import type { Arrival } from '../../src/runtime/mailbox.ts';
import { openRig, the } from '../kit/rig.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';

it('of many groups that are not in memory some are brought in a turn of the event loop, and each in the end', async () => {
  const rig = await openRig({ actors: [taskActor()], folder: tempFolder() });
  const { runtime } = rig;
  const own = the(rig.host.owned()[0]);
  const isOurs = (id: string): boolean =>
    partitionOf(id, runtime.store.partitions) === own.partition;
  const ids = Array.from({ length: 20_000 }, (_, n) => `g${n}`)
    .filter(isOurs)
    .slice(0, 600);
  const arrivals = ids.map((group): Arrival => {
    return { own: { type: 'task.create', group, to: 'task/main', meta: { messageId: group } } };
  });
  let rest: readonly Arrival[] = arrivals;
  let turns = 0;
  while (rest.length > 0) {
    await runtime.pace.begin();
    rest = rest.slice((await load(runtime, own, rest)).length);
    turns += 1;
  }
  expect(turns).toBeGreaterThan(1);
  expect(turns).toBeLessThan(ids.length);
  expect(ids.every((id) => own.residents.has(id))).toBe(true);
  await rig.stop();
});
