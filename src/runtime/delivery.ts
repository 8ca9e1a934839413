/**
 * One batch from top to bottom, the only path a message takes: load, take turns (dedupe included),
 * commit, release, ack. Each stage takes what the one before it made, and has a file of its own.
 */
import { commit } from './commit.ts';
import { load } from './intake.ts';
import { Lane } from './lane.ts';
import type { Arrival } from './mailbox.ts';
import type { Ownership } from './ownership.ts';
import { release } from './release.ts';
import type { Released } from './release.ts';
import type { Runtime } from './runtime.ts';
import { takeTurns } from './turns.ts';

/** Unacked deliveries a partition may hold (architecture, section 10). */
export const prefetch = 200;

/** Takes batches until the mailbox closes. Rejects when the partition is lost. */
export async function deliver(
  runtime: Runtime,
  own: Ownership,
  afterRelease: () => void,
): Promise<void> {
  const releases = new Lane();
  for await (const arrivals of own.mailbox.batches(prefetch)) {
    for (let rest: readonly Arrival[] = arrivals; rest.length > 0;) {
      await runtime.pace.begin();
      const loaded = await load(runtime, own, rest);
      own.lost.throwIfAborted();
      const turned = takeTurns(runtime, own, loaded);
      const { committed, left } = await commit(runtime, own, turned);
      rest = [...left, ...rest.slice(turned.length)];
      await releases.push(async () => {
        own.lost.throwIfAborted();
        const began = runtime.clock.monotonic();
        ack(own, await release(runtime, own, committed));
        runtime.onReleased?.((runtime.clock.monotonic() - began) / 1000);
        afterRelease();
      });
    }
  }
  await releases.drain();
}

/** Acks the whole batch on the channel that delivered it. */
function ack(own: Ownership, { released }: Released): void {
  if (own.lost.aborted) return;
  const last = released.findLast(({ arrival }) => 'delivery' in arrival)?.arrival;
  if (last !== undefined && 'delivery' in last) own.channel.ackUpTo(last.delivery.tag);
}
