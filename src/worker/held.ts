/** What a worker holds: its job types and the attempts it has taken, and how it lets go of them. */
import type { JobDefinition } from '../definitions.ts';
import type { Clock } from '../ports/clock.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import type { Answer } from './answers.ts';
import type { Execution } from './execution.ts';
import type { Passing } from './passing.ts';
import type { Receipt, Subscription } from './subscription.ts';

/** One job type: its queue, and how many of it may run. */
export type Lane = {
  definition: JobDefinition;
  limit: number;
  running: number;
  waiting: Held[];
  subscription?: Subscription;
};

/** One attempt that this worker has taken. */
export type Held = {
  start: AttemptStart;
  lane: Lane;
  receipt: Receipt;
  /** Numbers what this worker executes. */
  number: number;
  execution?: Execution | undefined;
  answer?: Answer;
  sending?: Promise<void> | undefined;
  confirmed: boolean;
};

/** Closes each job type's channel once nothing of that type is held, or the grace is over. */
export async function closeLanes(
  lanes: readonly Lane[],
  held: Passing<Held>,
  { clock, graceMs }: { clock: Clock; graceMs: number },
): Promise<void> {
  let takeBack = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    takeBack = clock.after(graceMs, resolve);
  });
  await Promise.all(
    lanes.map(async (lane) => {
      await Promise.race([quiet(lane, held), over]);
      await lane.subscription?.close();
    }),
  );
  takeBack();
}

async function quiet(lane: Lane, held: Passing<Held>): Promise<void> {
  for (;;) {
    const left = [...held.values()].filter((each) => each.lane === lane);
    if (left.length === 0) return;
    await Promise.all(left.map(({ execution }) => execution?.ended ?? Promise.resolve()));
    await Promise.all(left.map(({ sending }) => sending ?? Promise.resolve()));
  }
}

/** Names a job among all that a worker holds. */
export function jobKey({ requestId, jobId }: AttemptStart): string {
  return `${requestId}/${jobId}`;
}
