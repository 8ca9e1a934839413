/**
 * RabbitMQ as a stranger sees it, past our adapter: what another program publishes, deletes or finds. Names are
 * the broker's own, prefix included.
 */
import { connect, type Channel, type Options } from 'amqplib';
import type { Topology } from '../../src/protocol/topology.ts';

export type Stranger = {
  /** Publishes with these properties and nothing else. */
  send(queue: string, body: string | Buffer, options?: Options.Publish): void;
  /** Takes one message and acks it; undefined when none waits. */
  take(queue: string): ReturnType<Channel['get']>;
  deleteQueue(queue: string): Promise<void>;
  deleteExchange(exchange: string): Promise<void>;
  /** Deletes all that a topology names, declared under a prefix. */
  deleteAll(topology: Topology, prefix: string): Promise<void>;
  close(): Promise<void>;
};

/** Connects on its own. */
export async function openStranger(url: string): Promise<Stranger> {
  const connection = await connect(url, { noDelay: true });
  connection.on('error', () => undefined);
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  const deleteQueue = async (queue: string): Promise<void> => {
    await channel.deleteQueue(queue);
  };
  const deleteExchange = async (exchange: string): Promise<void> => {
    await channel.deleteExchange(exchange);
  };
  return {
    send: (queue, body, options) => void channel.publish('', queue, Buffer.from(body), options),
    take: (queue) => channel.get(queue, { noAck: true }),
    deleteQueue,
    deleteExchange,
    async deleteAll({ exchanges, queues }, prefix) {
      const outer = (name: string): string => name.replace(/^millrace(?=\.)/, prefix);
      for (const { name } of queues) await deleteQueue(outer(name));
      for (const { name } of exchanges) await deleteExchange(outer(name));
    },
    close: () => connection.close().catch(() => undefined),
  };
}
