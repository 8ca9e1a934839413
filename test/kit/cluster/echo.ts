/** Publishes again, once or twice and some moments later, all that goes to the partitions: a broker at its worst. */
import { connect } from 'amqplib';
import { exchanges, partitionKey } from '../../../src/protocol/topology.ts';
import type { Cluster } from './cluster.ts';

/** Marks what has been published again, so that it is not once more. */
const mark = 'echo';

/** `laterMs` is asked for each copy. */
export async function openEcho(
  { amqpUrl, prefix, partitions }: Cluster,
  laterMs: () => number,
): Promise<{ close(): Promise<void> }> {
  const connection = await connect(amqpUrl, { noDelay: true });
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  const timers = new Set<NodeJS.Timeout>();
  for (const exchange of [exchanges.partitions, exchanges.results]) {
    const outer = exchange.replace(/^millrace/, prefix);
    for (let partition = 0; partition < partitions; partition += 1)
      await channel.bindQueue(queue, outer, partitionKey(partition));
  }
  await channel.consume(
    queue,
    (message) => {
      if (message === null || message.properties.headers?.[mark] !== undefined) return;
      const { fields, properties, content } = message;
      const headers = { ...properties.headers, [mark]: '1' };
      for (let copy = 0; copy < 2; copy += 1) {
        const timer = setTimeout(() => {
          timers.delete(timer);
          channel.publish(fields.exchange, fields.routingKey, content, { ...properties, headers });
        }, laterMs());
        timers.add(timer);
      }
    },
    { noAck: true },
  );
  return {
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await connection.close();
    },
  };
}
