/** The valve: how many chains begin, who waits, and that nobody waits for ever. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import { partitionOf } from '../../src/protocol/topology.ts';
import { Valve } from '../../src/runtime/valve.ts';
import { eventually } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { tempFolder } from '../kit/tempFolder.ts';

/** Enters, and notes in which order it was let in. */
async function enter(valve: Valve, name: string, entered: string[]): Promise<() => void> {
  const leave = await valve.enter(0);
  entered.push(name);
  return leave;
}

it('lets in as many as may be busy, and the next, in order, as chains end', async () => {
  const valve = new Valve(new FakeClock(), 2);
  const entered: string[] = [];
  const [a, b] = await Promise.all([enter(valve, 'a', entered), enter(valve, 'b', entered)]);
  const c = enter(valve, 'c', entered);
  const d = enter(valve, 'd', entered);
  for (const [group, leave] of [
    ['a', a],
    ['b', b],
  ] as const) {
    valve.note(0, group, true);
    leave();
  }
  await Promise.resolve();
  expect(entered).toEqual(['a', 'b']);
  valve.note(0, 'a', false);
  await c;
  expect(entered).toEqual(['a', 'b', 'c']);
  (await c)();
  await d;
  expect(entered).toEqual(['a', 'b', 'c', 'd']);
});

it.each([
  [16, 2000],
  [64, 2000],
  [4, 8000],
])('of %i partitions each takes %i chains', async (partitions, most) => {
  const valve = Valve.of(partitions, new FakeClock());
  const entered: string[] = [];
  const first = Array.from({ length: most }, (_, n) => enter(valve, String(n), entered));
  const oneMore = enter(valve, 'one more', entered);
  const [leave] = await Promise.all(first);
  expect(entered).toHaveLength(most);
  leave?.();
  await oneMore;
  valve.close();
});

it('holds up no other partition', async () => {
  const valve = new Valve(new FakeClock(), 1);
  await valve.enter(0);
  await valve.enter(1);
});

it('lets one more in a second when nothing ends, for it may be what the others wait for', async () => {
  const clock = new FakeClock();
  const valve = new Valve(clock, 1);
  const entered: string[] = [];
  const leave = await enter(valve, 'parent', entered);
  valve.note(0, 'parent', true);
  leave();
  const child = enter(valve, 'child', entered);
  void enter(valve, 'other', entered).catch(() => undefined);
  clock.advance(2000);
  await child;
  expect(entered).toEqual(['parent', 'child']);
  valve.close();
  expect(clock.pending).toBe(0);
});

it('tells who waits that the host has stopped, also whoever comes then', async () => {
  const valve = new Valve(new FakeClock(), 0);
  const waiting = valve.enter(0);
  valve.close();
  await expect(waiting).rejects.toThrow('was stopped before the chain could begin');
  await expect(valve.enter(0)).rejects.toThrow('was stopped');
});

it('an embedded client that starts more chains than a partition takes waits, and all of them end', async () => {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const wait = defineJob({ type: 'wait', args: z.object({}), run: () => gate });
  const lone = defineChain({
    type: 'lone',
    args: z.object({}),
    plan: ({ job }) => void job(wait, {}),
  });
  const data = tempFolder();
  const partitions = 16;
  const millrace = createMillrace({ jobs: [wait], chains: [lone], data, partitions });
  await millrace.start();
  const { client } = millrace;
  const ids = Array.from({ length: 2050 * partitions * 2 }, (_, n) => `lone-${n}`);
  const inOne = ids.filter((id) => partitionOf(id, partitions) === 0).slice(0, 2050);
  const all = inOne.map((requestId) => client.start(lone, {}, { requestId }));
  const begun = async (): Promise<number> => (await client.reader.list(3000)).length;
  await eventually(async () => expect(await begun()).toBeGreaterThanOrEqual(2000), 60_000);
  expect(await begun()).toBeLessThan(2050);
  open();
  const states = await Promise.all(
    all.map(async (request) => (await (await request).finished()).state),
  );
  expect(states.filter((state) => state === 'COMPLETE')).toHaveLength(2050);
  await millrace.stop();
});
