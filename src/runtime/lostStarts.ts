/**
 * Starts that their queue has lost: purged, or deleted. Remembers which were sent after the queue was looked at, for
 * only of those before can it be said that they are gone.
 */
import { isLeased } from './attempts/holder.ts';
import { loadGroup } from './load.ts';
import type { Ownership } from './ownership.ts';
import type { Runtime } from './runtime.ts';
import { startIdOf } from './startId.ts';

/** Of one ownership: the starts that were sent after a look, by job type, while there is one to be remembered. */
export class SentStarts {
  readonly #since = new Map<string, Set<string>>();

  /** A look at the queue of this type begins. */
  mark(jobType: string): void {
    if (!this.#since.has(jobType)) this.#since.set(jobType, new Set());
  }

  isMarked(jobType: string): boolean {
    return this.#since.has(jobType);
  }

  /** The look is of no use any more. */
  unmark(jobType: string): void {
    this.#since.delete(jobType);
  }

  note(jobType: string, startId: string): void {
    this.#since.get(jobType)?.add(startId);
  }

  /** Whether a start was sent before the look that was marked. */
  isBefore(jobType: string, startId: string): boolean {
    const since = this.#since.get(jobType);
    return since !== undefined && !since.has(startId);
  }
}

export type EmptyQueue = {
  jobType: string;
  /** Of the ownership that marked the look; absent when the queue was gone, and with it all that was in it. */
  token?: string | undefined;
};

/** Whether the partition awaits an attempt whose start must have been in the queue that was found empty. */
export async function hasLost(
  runtime: Runtime,
  own: Ownership,
  { jobType, token }: EmptyQueue,
): Promise<boolean> {
  if (token !== undefined && token !== own.token) return false;
  const isBefore = (startId: string): boolean => {
    return token === undefined || own.starts.isBefore(jobType, startId);
  };
  const isFound = await isAwaited(runtime, own, jobType, isBefore);
  own.starts.unmark(jobType);
  return isFound;
}

/** A start that only its queue can have had. */
async function isAwaited(
  runtime: Runtime,
  own: Ownership,
  jobType: string,
  isBefore: (startId: string) => boolean,
): Promise<boolean> {
  for (const id of runtime.valve.busy(own.partition)) {
    const place = { partition: own.partition, id };
    const known = own.uncommitted.get(id) ?? own.residents.get(id);
    const { group } = known ?? (await loadGroup(runtime, place));
    for (const row of group.obligations.attempts.values()) {
      if (row.job.type !== jobType || isLeased(row)) continue;
      if (isBefore(startIdOf(id, row))) return true;
    }
  }
  return false;
}
