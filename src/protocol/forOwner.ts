/** Messages for whoever owns a partition, through its own queue: of no group, acked, not journaled. */

/** Wakes whoever consumes the partition; changes nothing. */
export const partitionWake = 'partition.wake';

/** Has the owner send all that every active group of the partition owes. */
export const partitionReconcile = 'partition.reconcile';

/** A job type's queue was found empty, or gone, though starts may have been in it. */
export const queueEmpty = 'queue.empty';

export function isForOwner(type: string): boolean {
  return [partitionWake, partitionReconcile, queueEmpty].includes(type);
}
