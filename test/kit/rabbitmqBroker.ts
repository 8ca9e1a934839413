/**
 * A minimal broker over amqplib, so that the contract suite also holds on RabbitMQ. All names get a prefix of
 * their own, which is taken off again on the way in; `deleteAll` removes what was declared.
 */
import {
  connect,
  type ChannelModel,
  type ConfirmChannel,
  type ConsumeMessage,
  type Options,
} from 'amqplib';
import type {
  Broker,
  Channel,
  ConsumeOptions,
  Delivery,
  Properties,
  Publication,
  QueueState,
} from '../../src/ports/broker.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import type { Queue, Topology } from '../../src/protocol/topology.ts';

/** Header that names one publish, as a returned message comes back before its confirm. */
const publishHeader = 'x-millrace-publish';
/** AMQP's timestamp counts seconds. */
const timestampHeader = 'x-millrace-timestamp';

export class RabbitmqBroker implements Broker {
  readonly isRemote = true;
  readonly #prefix: string;
  readonly #connection: ChannelModel;
  readonly #publisher: ConfirmChannel;
  readonly #declared = { exchanges: new Set<string>(), queues: new Set<string>() };
  readonly #returned = new Set<string>();
  #published = 0;

  constructor(prefix: string, connection: ChannelModel, publisher: ConfirmChannel) {
    this.#prefix = prefix;
    this.#connection = connection;
    this.#publisher = publisher;
    publisher.on('return', ({ properties }: ConsumeMessage) =>
      this.#returned.add(String(properties.headers?.[publishHeader])),
    );
  }

  async declare({ exchanges, queues, bindings }: Topology): Promise<void> {
    const channel = await this.#connection.createChannel();
    for (const { name, kind } of exchanges) {
      await channel.assertExchange(this.#outer(name), kind, { durable: true });
      this.#declared.exchanges.add(this.#outer(name));
    }
    for (const queue of queues) {
      await channel.assertQueue(this.#outer(queue.name), queueOptions(queue));
      this.#declared.queues.add(this.#outer(queue.name));
    }
    for (const { exchange, queue, routingKey } of bindings) {
      await channel.bindQueue(this.#outer(queue), this.#outer(exchange), routingKey);
    }
    await channel.close();
  }

  publish({
    exchange,
    routingKey,
    properties,
    body,
  }: Publication): Promise<'confirmed' | 'returned'> {
    const id = String(this.#published++);
    const options = toOptions(properties, id);
    const key = exchange === '' ? this.#outer(routingKey) : routingKey;
    return new Promise((resolve, reject) => {
      this.#publisher.publish(
        this.#outer(exchange),
        key,
        Buffer.from(body),
        options,
        (error: unknown) => {
          if (error)
            reject(
              new TransientError(
                `${exchange} did not confirm ${properties.messageId}; try again.`,
                { cause: error },
              ),
            );
          else resolve(this.#returned.delete(id) ? 'returned' : 'confirmed');
        },
      );
    });
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Channel> {
    const channel = await this.#connection.createChannel();
    let isOpen = true;
    let gone = (reason: string): void => {
      gone = () => {};
      if (isOpen) options.onClosed(reason);
      isOpen = false;
    };
    channel.on('error', () => {});
    await channel.prefetch(options.prefetch);
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message === null) gone(`queue ${queue} was deleted`);
      else if (isOpen) options.onDelivery(this.#toDelivery(message));
    };
    try {
      await channel.consume(this.#outer(queue), onMessage);
    } catch (error) {
      throw new TransientError(`There is no queue ${queue}; declare it first.`, { cause: error });
    }
    channel.on('close', () => gone('the channel was closed'));
    return {
      ack: (tag) => channel.ack(named(tag)),
      ackUpTo: (tag) => channel.ack(named(tag), true),
      close: async () => {
        isOpen = false;
        await channel.close().catch(() => {});
      },
    };
  }

  watch(): () => void {
    return () => undefined;
  }

  async inspect(queue: string): Promise<QueueState | undefined> {
    const channel = await this.#connection.createChannel();
    channel.on('error', () => {});
    try {
      const { messageCount, consumerCount } = await channel.checkQueue(this.#outer(queue));
      await channel.close();
      return { ready: messageCount, consumers: consumerCount };
    } catch {
      return undefined;
    }
  }

  async deleteQueue(queue: string): Promise<void> {
    const channel = await this.#connection.createChannel();
    await channel.deleteQueue(this.#outer(queue));
    await channel.close();
  }

  /** Deletes every exchange and queue that it declared. */
  async deleteAll(): Promise<void> {
    const channel = await this.#connection.createChannel();
    for (const queue of this.#declared.queues) await channel.deleteQueue(queue);
    for (const exchange of this.#declared.exchanges) await channel.deleteExchange(exchange);
    await channel.close();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #outer(name: string): string {
    return name === '' ? '' : `${this.#prefix}.${name}`;
  }

  #inner(name: string): string {
    return name.startsWith(`${this.#prefix}.`) ? name.slice(this.#prefix.length + 1) : name;
  }

  #toDelivery({ content, fields, properties }: ConsumeMessage): Delivery {
    const {
      [timestampHeader]: timestamp,
      [publishHeader]: _publish,
      ...headers
    } = properties.headers ?? {};
    return {
      exchange: this.#inner(fields.exchange),
      routingKey: fields.exchange === '' ? this.#inner(fields.routingKey) : fields.routingKey,
      properties: {
        messageId: String(properties.messageId),
        type: String(properties.type),
        timestamp: Number(timestamp),
        ...(properties.correlationId !== undefined && {
          correlationId: String(properties.correlationId),
        }),
        ...(properties.replyTo !== undefined && { replyTo: String(properties.replyTo) }),
        ...(Object.keys(headers).length > 0 && { headers: toStrings(headers) }),
      },
      body: content.toString(),
      redelivered: fields.redelivered,
      tag: fields.deliveryTag,
    };
  }
}

/** Connects; `prefix` keeps the names of this test apart from all others. */
export async function openRabbitmqBroker(url: string, prefix: string): Promise<RabbitmqBroker> {
  const connection = await connect(url, { noDelay: true });
  connection.on('error', () => {});
  return new RabbitmqBroker(prefix, connection, await connection.createConfirmChannel());
}

function queueOptions({ kind, singleActiveConsumer }: Queue): Options.AssertQueue {
  if (kind === 'exclusive') return { exclusive: true, autoDelete: true };
  const single = singleActiveConsumer ? { 'x-single-active-consumer': true } : {};
  return {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 2147483647, ...single },
  };
}

function toOptions(properties: Properties, id: string): Options.Publish {
  const { timestamp, headers, ...rest } = properties;
  return {
    ...rest,
    timestamp: Math.floor(timestamp / 1000),
    contentType: 'application/json',
    persistent: true,
    mandatory: true,
    headers: { ...headers, [publishHeader]: id, [timestampHeader]: String(timestamp) },
  };
}

function toStrings(headers: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** A cast: amqplib wants the whole message and reads its tag alone. */
function named(deliveryTag: number): ConsumeMessage {
  return { fields: { deliveryTag } } as ConsumeMessage;
}
