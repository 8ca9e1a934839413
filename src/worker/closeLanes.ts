/** How a worker lets go of what it holds: a job type's channel at a time, as soon as nothing of that type runs here. */
import type { Clock } from '../ports/clock.ts';
import type { Lane } from './held.ts';
import type { Holding } from './holding.ts';

/** Closes each channel once nothing of its type is held, or the grace is over: what is left goes back to its queue, or its group. */
export async function closeLanes(
  lanes: readonly Lane[],
  holding: Holding,
  { clock, graceMs }: { clock: Clock; graceMs: number },
): Promise<void> {
  let takeBack = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    takeBack = clock.after(graceMs, resolve);
  });
  await Promise.all(
    lanes.map(async (lane) => {
      await Promise.race([quiet(lane, holding), over]);
      const left = holding.held.of(lane);
      for (const held of left) holding.answering.giveBack(held);
      await Promise.all(left.flatMap(({ isOver, sending }) => (isOver ? (sending ?? []) : [])));
      await lane.subscription?.close();
    }),
  );
  takeBack();
}

async function quiet(lane: Lane, holding: Holding): Promise<void> {
  for (let left = holding.held.of(lane); left.length > 0; left = holding.held.of(lane)) {
    await Promise.all(left.map(({ execution }) => execution?.ended ?? Promise.resolve()));
    await Promise.all(left.map(({ sending }) => sending ?? Promise.resolve()));
  }
}
