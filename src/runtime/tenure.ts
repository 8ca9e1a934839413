/**
 * The time for which a partition is ours, from a channel's first delivery to its end. Whatever is done for the
 * partition is done within it: once it is over nothing is written, sent or acked any more.
 */
import { TransientError } from '../protocol/errors.ts';
import type { Runtime } from './runtime.ts';

export type Tenure = {
  /** The host's, except that `stopping` is aborted also when the partition is lost: what fails then is not tried again. */
  readonly runtime: Runtime;
  /** Aborted when the partition is lost, with why; not when the host stops or lets it go. */
  readonly lost: AbortSignal;
  /** The partition is lost. */
  lose(why: string): void;
  /** It is over in any way; to be called at last. */
  end(): void;
};

/** Begins one on a channel that is about to be opened. */
export function beginTenure(runtime: Runtime, partition: number): Tenure {
  const loss = new AbortController();
  const stopping = new AbortController();
  const host = runtime.stopping.signal;
  const stop = (): void => stopping.abort(host.reason);
  if (host.aborted) stop();
  host.addEventListener('abort', stop, { once: true });
  return {
    runtime: { ...runtime, stopping },
    lost: loss.signal,
    lose(why) {
      const reason = new TransientError(`partition ${partition} was lost: ${why}`);
      loss.abort(reason);
      stopping.abort(reason);
    },
    end: () => host.removeEventListener('abort', stop),
  };
}

/** Whether it is lost by now: a signal may be aborted while its reader awaits something. */
export function isLost(lost: AbortSignal): boolean {
  return lost.aborted;
}

/** Rejects as soon as the partition is lost, whatever `task` still waits for; what it does then is nobody's concern. */
export async function unlessLost<T>(lost: AbortSignal, task: Promise<T>): Promise<T> {
  let onLost = (): void => undefined;
  const loss = new Promise<never>((_, reject) => {
    onLost = () => reject(lost.reason as Error);
    if (lost.aborted) onLost();
    lost.addEventListener('abort', onLost, { once: true });
  });
  try {
    return await Promise.race([task, loss]);
  } finally {
    lost.removeEventListener('abort', onLost);
  }
}
