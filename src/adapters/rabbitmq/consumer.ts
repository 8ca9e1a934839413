/** One consumer on a channel of its own: deliveries in, acks out, and the end of it told once. */
import type { Channel as AmqpChannel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { Channel, ConsumeOptions } from '../../ports/broker.ts';
import { TransientError } from '../../protocol/errors.ts';
import { Acks } from './acks.ts';
import { BundleAcks, messagesOf } from './bundle.ts';
import { codeOf, isEnded, replyCodes, transient } from './failure.ts';
import { toDelivery } from './message.ts';
import { sendTogether } from './together.ts';
import type { Names } from './names.ts';

export type ConsumerOptions = ConsumeOptions & {
  model: ChannelModel;
  names: Names;
  queue: string;
  /** Where it stands while it is open. */
  all: Set<Consumer>;
};

export class Consumer implements Channel {
  readonly #options: ConsumerOptions;
  readonly #channel: AmqpChannel;
  #isOpen = true;
  /** Until then the end is told by a rejection. */
  #isStarted = false;
  /** What came before who consumes had the channel to ack it on. */
  #early: ConsumeMessage[] | undefined = [];
  /** Acking a tag twice would end the channel. */
  readonly #acks = new Acks();
  readonly #bundles = new BundleAcks();
  #isAcking = false;

  constructor(options: ConsumerOptions, channel: AmqpChannel) {
    this.#options = options;
    this.#channel = channel;
    options.all.add(this);
    channel.on('error', (error) => this.#gone(error.message));
    channel.on('close', () => this.#gone('the channel was closed'));
  }

  async start(): Promise<void> {
    const { queue, names, prefetch } = this.#options;
    try {
      await this.#channel.prefetch(prefetch);
      await this.#channel.consume(names.outer(queue), (message) => this.#receive(message));
    } catch (error) {
      await this.close();
      if (codeOf(error) === replyCodes.notFound)
        throw new TransientError(`There is no queue ${queue}; declare it first.`, { cause: error });
      throw transient(`The queue ${queue} cannot be consumed`, error);
    }
    if (!this.#isOpen) throw new TransientError(`The queue ${queue} was lost just now; try again.`);
    this.#isStarted = true;
    setImmediate(() => this.#deliverEarly());
  }

  ackUpTo(tag: number): void {
    if (this.#acks.addUpTo(this.#bundles.ackUpTo(tag))) this.#ackSoon();
  }

  ack(tag: number): void {
    const delivery = this.#bundles.ack(tag);
    if (delivery !== undefined && this.#acks.add(delivery)) this.#ackSoon();
  }

  close(): Promise<void> {
    this.#sayAcks();
    this.#end();
    return closeChannel(this.#channel);
  }

  #receive(message: ConsumeMessage | null): void {
    if (!this.#isOpen) return;
    if (message !== null) return this.#deliver(message);
    this.#gone(`queue ${this.#options.queue} was deleted`);
    void closeChannel(this.#channel);
  }

  #deliver(message: ConsumeMessage): void {
    if (this.#early !== undefined) {
      this.#early.push(message);
      return;
    }
    const messages = messagesOf(toDelivery(message, this.#options.names));
    this.#bundles.add(messages);
    for (const each of messages) this.#options.onDelivery(each);
  }

  #deliverEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const message of early) this.#receive(message);
  }

  /** When all that was confirmed together has been acked. */
  #ackSoon(): void {
    if (this.#isAcking) return;
    this.#isAcking = true;
    process.nextTick(() => this.#sayAcks());
  }

  #sayAcks(): void {
    this.#isAcking = false;
    if (!this.#isOpen) return;
    try {
      for (const { tag, isUpTo } of this.#acks.take()) this.#channel.ack(named(tag), isUpTo);
      sendTogether(this.#channel.connection);
    } catch (error) {
      if (!isEnded(error)) throw error;
    }
  }

  #gone(reason: string): void {
    if (this.#end() && this.#isStarted) this.#options.onClosed(reason);
  }

  /** False when it had ended before. */
  #end(): boolean {
    if (!this.#isOpen) return false;
    this.#isOpen = false;
    this.#options.all.delete(this);
    return true;
  }
}

/** Rejects with TransientError when the queue is not there, or the connection ends. */
export async function openConsumer(options: ConsumerOptions): Promise<Consumer> {
  const channel = await options.model.createChannel().catch((error: unknown) => {
    throw transient(`The queue ${options.queue} cannot be consumed`, error);
  });
  const consumer = new Consumer(options, channel);
  await consumer.start();
  return consumer;
}

/** Resolves when the broker has closed the channel, or it had ended already. */
export async function closeChannel(channel: AmqpChannel): Promise<void> {
  // amqplib forgets who waits for its answer when the connection ends meanwhile.
  const closed = new Promise<void>((resolve) => {
    channel.once('close', resolve);
  });
  await Promise.race([closed, channel.close().catch(() => undefined)]);
}

/** A cast: amqplib wants the whole message and reads its tag alone. */
function named(deliveryTag: number): ConsumeMessage {
  return { fields: { deliveryTag } } as ConsumeMessage;
}
