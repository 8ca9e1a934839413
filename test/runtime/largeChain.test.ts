/** A chain of very many jobs keeps its turns, its entries and its share of the job queue small. */
import { expect, it } from 'vitest';
import { builtInActors } from '../../actors/index.ts';
import { sentPlan } from '../../src/gateway/sentPlan.ts';
import { eventually } from '../kit/eventually.ts';
import { openRig, the } from '../kit/rig.ts';
import type { Rig } from '../kit/rig.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { job } from '../machines/kit.ts';

const maxStarted = 200;

/** One job, and then `size` after it. */
async function create(rig: Rig, id: string, size: number): Promise<void> {
  const wide = Array.from({ length: size }, (_, n) => job({ name: `job-${n}`, parents: [0] }));
  const jobs = [job({ name: 'root' }), ...wide];
  const plan = await sentPlan({ jobs, sequences: [], maxStarted }, rig.runtime.store.blobs);
  const body = { plan, requestType: 'r', args: null };
  expect(await rig.tell(id, 'chain.create', body, { to: 'chain/main' })).toEqual({ ok: true });
}

it('never has more than 200 unanswered attempts a type, in small entries, and starves no chain beside it', async () => {
  const rig = await openRig({ actors: builtInActors, folder: tempFolder() });
  const starts = await rig.starts('t');
  await create(rig, 'large', 5000);
  await eventually(() => expect(starts).toHaveLength(1));
  await rig.answer(the(starts[0]), 'attempt.succeeded');
  await eventually(() => expect(starts).toHaveLength(1 + maxStarted));
  await create(rig, 'small', 0);
  await eventually(() => expect(starts).toHaveLength(2 + maxStarted));
  expect(starts.at(-1)).toMatchObject({ requestId: 'small' });
  for (const start of starts.slice(1, 101)) await rig.answer(start, 'attempt.succeeded');
  await eventually(() => expect(starts).toHaveLength(102 + maxStarted));
  const { group } = await rig.host.group('large');
  expect(group.obligations.attempts.size).toBe(maxStarted);
  const bytes = (await rig.entries('large')).map((entry) => JSON.stringify(entry).length);
  expect(Math.max(...bytes)).toBeLessThan(100_000);
  await rig.stop();
});
