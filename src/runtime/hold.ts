/**
 * One partition while it is ours: owns it, delivers, and at the end lets it go. An ownership that is to be reconciled
 * is followed by another on the same channel, which takes what has arrived meanwhile.
 */
import type { Channel } from '../ports/broker.ts';
import { Checkpoints } from './checkpoints.ts';
import { deliver } from './delivery.ts';
import { partitionWake } from '../protocol/forOwner.ts';
import type { Mailbox } from './mailbox.ts';
import { own } from './ownership.ts';
import type { Ownership } from './ownership.ts';
import type { Runtime } from './runtime.ts';
import { isLost, unlessLost } from './tenure.ts';
import type { Tenure } from './tenure.ts';
import { tellOwner } from './toOwner.ts';

export type HoldOptions = {
  partition: number;
  channel: Channel;
  mailbox: Mailbox;
  /** No other host can have it: nothing is made ready for a next owner. */
  isAlone: boolean;
  /** Runs what must not run for two partitions at a time. */
  inTurn<T>(task: () => Promise<T>): Promise<T>;
  /** It is owned, and all that it owes is sent. */
  onOwned(ownership: Ownership): void;
  /** It is owned no more. */
  onEnded(): void;
};

/** Resolves when it has been let go, which the mailbox's end brings about; rejects when it is lost or cannot be owned. */
export async function hold(tenure: Tenure, options: HoldOptions): Promise<void> {
  for (let isAgain = true; isAgain;) isAgain = await holdOnce(tenure, options);
}

/** One ownership; true when it is to be followed by another. */
async function holdOnce(tenure: Tenure, options: HoldOptions): Promise<boolean> {
  const { runtime, lost } = tenure;
  const { mailbox } = options;
  const next = { isAgain: false };
  const reconcile = (): void => {
    next.isAgain = true;
    mailbox.interrupt();
  };
  const ownership = await unlessLost(lost, owned(tenure, options, reconcile));
  const checkpoints = new Checkpoints(runtime, ownership);
  try {
    checkpoints.schedule();
    options.onOwned(ownership);
    if (ownership.epoch !== runtime.epoch.current) reconcile();
    const delivering = deliver(runtime, ownership, () => checkpoints.schedule());
    await unlessLost(lost, delivering);
    // What it was reconciled with counts no more.
    if (next.isAgain) ownership.epoch = '';
    await finish(runtime, ownership, { checkpoints, isLast: !next.isAgain && !options.isAlone });
    return next.isAgain;
  } catch (thrown) {
    // Fenced, or the store is damaged: what else was begun for it must not go on either.
    tenure.lose('an append or a release failed');
    throw thrown;
  } finally {
    options.onEnded();
    checkpoints.stop();
    drop(runtime, ownership);
  }
}

async function owned(
  { runtime, lost }: Tenure,
  { partition, channel, mailbox, inTurn }: HoldOptions,
  reconcile: () => void,
): Promise<Ownership> {
  const owning = { channel, mailbox, lost, reconcile, inTurn };
  const ownership = await own(runtime, partition, owning);
  if (isLost(lost)) drop(runtime, ownership);
  lost.throwIfAborted();
  return ownership;
}

/** Everything in hand is released: writes what is left, and wakes the next owner. */
async function finish(
  runtime: Runtime,
  ownership: Ownership,
  { checkpoints, isLast }: { checkpoints: Checkpoints; isLast: boolean },
): Promise<void> {
  const { lost, partition } = ownership;
  ownership.timers.stop();
  ownership.resends.stop();
  ownership.recent.end();
  await unlessLost(lost, checkpoints.finish({ snapshots: isLast }));
  // It comes back to the queue as this channel is closed, and is the next owner's first delivery.
  if (isLast) await unlessLost(lost, tellOwner(runtime, partition, partitionWake));
}

/** Nothing of an ownership outlives it. */
function drop({ memory, valve, pace }: Runtime, ownership: Ownership): void {
  ownership.hasEnded = true;
  pace.works(ownership.partition);
  ownership.timers.stop();
  ownership.resends.stop();
  ownership.recent.end();
  memory.drop(ownership);
  valve.recount(ownership.partition);
}
