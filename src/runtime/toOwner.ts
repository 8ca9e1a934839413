/** What hosts say to whoever owns a partition, through its own queue; it is of no group and not journaled. */
import { exchanges, partitionKey } from '../protocol/topology.ts';
import type { Runtime } from './runtime.ts';

/** Hands it over once; rejects with TransientError when the broker does not take it. */
export async function tellOwner(
  { broker, clock }: Pick<Runtime, 'broker' | 'clock'>,
  partition: number,
  type: string,
  body: object = {},
): Promise<'confirmed' | 'returned'> {
  const key = partitionKey(partition);
  return broker.publish({
    exchange: exchanges.partitions,
    routingKey: key,
    properties: {
      messageId: `${type}/${key}`,
      type,
      timestamp: clock.now(),
      headers: { group: type, to: type },
    },
    body: JSON.stringify(body),
  });
}
