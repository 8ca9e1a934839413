/**
 * Asks the owners of all partitions to send again all that active groups owe: after a broker was restored from a
 * copy, or when somebody does not trust what it holds (architecture, section 12). Nothing runs twice for it.
 */
import { exchanges, partitionKey } from './protocol/topology.ts';
import type { Replies } from './replies.ts';
import { partitionReconcile } from './protocol/forOwner.ts';

export type ReconcileOptions = {
  partitions: number;
  newId(): string;
  /** How long each owner may take to say that it will, in milliseconds; default: for ever. */
  timeoutMs?: number | undefined;
};

/** Resolves with the number of partitions once each owner has said so. Rejects with MillraceError `unavailable`. */
export async function reconcile(
  replies: Replies,
  { partitions, newId, timeoutMs }: ReconcileOptions,
): Promise<number> {
  const type = partitionReconcile;
  const asked = Array.from({ length: partitions }, (_, partition) => {
    const question = {
      exchange: exchanges.partitions,
      routingKey: partitionKey(partition),
      properties: { messageId: newId(), type, headers: { group: type, to: type } },
      body: '{}',
    };
    return replies.ask(question, { what: `the owner of partition ${partition}`, timeoutMs });
  });
  await Promise.all(asked);
  return partitions;
}
