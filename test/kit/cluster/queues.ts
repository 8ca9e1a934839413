/** The queues of a cluster under test, to be purged and deleted as an operator would. */
import { connect } from 'amqplib';
import { jobQueue, partitionQueue, trackerQueue } from '../../../src/protocol/topology.ts';
import type { Cluster } from './cluster.ts';

export type Queues = {
  /** Those that hold what is on its way. */
  names(): Promise<string[]>;
  purge(queue: string): Promise<void>;
  delete(queue: string): Promise<void>;
  close(): Promise<void>;
};

export async function queuesOf({ amqpUrl, prefix, partitions }: Cluster): Promise<Queues> {
  const connection = await connect(amqpUrl, { noDelay: true });
  const outer = (name: string): string => name.replace(/^millrace/, prefix);
  const numbers = Array.from({ length: partitions }, (_, partition) => partition);
  const all = [
    ...['millrace.creates', 'millrace.commands'],
    ...[jobQueue('crash-even'), jobQueue('crash-odd')],
    ...numbers.map(partitionQueue),
    ...numbers.map(trackerQueue),
  ].map(outer);

  /** On a channel of its own: one that is not there closes it. */
  const onChannel = async (
    work: (channel: Awaited<ReturnType<typeof connection.createChannel>>) => Promise<unknown>,
  ): Promise<boolean> => {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    try {
      await work(channel);
      await channel.close();
      return true;
    } catch {
      return false;
    }
  };

  return {
    async names() {
      const there: string[] = [];
      for (const name of all)
        if (await onChannel((channel) => channel.checkQueue(name))) there.push(name);
      return there;
    },
    async purge(queue) {
      await onChannel((channel) => channel.purgeQueue(queue));
    },
    async delete(queue) {
      await onChannel((channel) => channel.deleteQueue(queue));
    },
    close: () => connection.close(),
  };
}
