/**
 * The broker over RabbitMQ: one connection that comes back, a channel a consumer, one confirming channel for
 * what this deployment declared, and one for exchanges of others, so that theirs hold up nothing of ours.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import type {
  Broker,
  BrokerListener,
  Channel,
  ConsumeOptions,
  Publication,
  QueueState,
} from '../../ports/broker.ts';
import { loginOf } from '../../protocol/login.ts';
import type { Topology } from '../../protocol/topology.ts';
import { Bundler } from './bundler.ts';
import { Connection, type Log } from './connection.ts';
import { closeChannel, openConsumer, type Consumer } from './consumer.ts';
import { Declared, declareOn, openChannel, restOfDeleted } from './declare.ts';
import { codeOf, replyCodes, transient } from './failure.ts';
import { namesWith, type Names } from './names.ts';
import { Publisher, type Outcome } from './publisher.ts';

export type RabbitmqOptions = {
  /** `amqp://user:password@host:5672/vhost`, or `amqps:`. */
  url: string;
  /** Stands in place of `millrace` in all names; default `millrace`. */
  prefix?: string;
  /** Behind `host:pid` in the management UI's list of connections: the process's roles. */
  name: string;
  log: Log;
  /** How long to try for the first connection; default 30,000. */
  connectWithinMs?: number;
};

/** A channel that the broker closed is opened again after this, and again. */
const reopenMs = 100;

export class RabbitmqBroker implements Broker {
  readonly isRemote = true;
  readonly #log: Log;
  readonly #names: Names;
  readonly #login: string | undefined;
  readonly #connection: Connection;
  readonly #declared = new Declared();
  readonly #consumers = new Set<Consumer>();
  readonly #ours: Publisher;
  readonly #others: Publisher;
  readonly #bundler = new Bundler((publication) => this.#ours.publish(publication));
  /** Exchanges of others that have been seen on this connection. */
  readonly #seen = new Set<string>();

  constructor({ url, prefix = 'millrace', name, log, connectWithinMs = 30_000 }: RabbitmqOptions) {
    this.#log = log;
    this.#names = namesWith(prefix);
    this.#login = loginOf(url);
    const setUp = (model: ChannelModel) => this.#setUp(model);
    this.#connection = new Connection({ url, name, log, connectWithinMs, setUp });
    this.#ours = this.#publisher();
    this.#others = this.#publisher();
    this.#connection.watch({
      onBlocked: (reason) => this.#block(true, reason),
      onUnblocked: () => this.#block(false),
    });
  }

  open(): Promise<void> {
    return this.#connection.open();
  }

  async declare(topology: Topology): Promise<void> {
    const { model } = this.#connection;
    await restOfDeleted(model, this.#declared.queuesOf(topology), this.#names);
    await declareOn(model, topology, this.#names);
    this.#declared.add(topology);
  }

  publish(publication: Publication): Promise<Outcome> {
    if (this.#declared.hasExchange(publication.exchange)) return this.#bundler.publish(publication);
    return this.#publishElsewhere(publication);
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Channel> {
    const model = this.#connection.model;
    return openConsumer({ ...options, model, names: this.#names, queue, all: this.#consumers });
  }

  async inspect(queue: string): Promise<QueueState | undefined> {
    const channel = await openChannel(this.#connection.model);
    try {
      const { messageCount, consumerCount } = await channel.checkQueue(this.#names.outer(queue));
      return { ready: messageCount, consumers: consumerCount };
    } catch (error) {
      if (codeOf(error) === replyCodes.notFound) return undefined;
      throw transient(`The queue ${queue} cannot be looked at`, error);
    } finally {
      await closeChannel(channel);
    }
  }

  /** Messages that RabbitMQ was given so far; a bundle is one. */
  stats(): { messages: number } {
    return { messages: this.#ours.sent + this.#others.sent };
  }

  watch(listener: BrokerListener): () => void {
    return this.#connection.watch(listener);
  }

  /** What was acked is told to RabbitMQ first; what is not confirmed yet rejects. */
  async close(): Promise<void> {
    await this.#connection.close(() => {
      const consumers = [...this.#consumers].map((consumer) => consumer.close());
      return Promise.all([...consumers, this.#ours.close(), this.#others.close()]);
    });
  }

  async #setUp(model: ChannelModel): Promise<void> {
    this.#seen.clear();
    this.#ours.block(false);
    this.#others.block(false);
    await this.#declareAgain(model);
    await this.#ours.open(model);
    await this.#others.open(model);
  }

  /** What cannot be declared is left to those who need it, and who declare it, too. */
  async #declareAgain(model: ChannelModel): Promise<void> {
    const { topology } = this.#declared;
    try {
      await restOfDeleted(model, topology.queues, this.#names);
      await declareOn(model, topology, this.#names);
    } catch (err) {
      this.#log.warn({ err }, 'the topology could not be declared again');
    }
  }

  /** An exchange that is not there would end the channel, so it is looked for first. */
  async #publishElsewhere(publication: Publication): Promise<Outcome> {
    const { exchange } = publication;
    if (!this.#seen.has(exchange) && !(await this.#isThere(exchange))) return 'returned';
    this.#seen.add(exchange);
    return this.#others.publish(publication);
  }

  async #isThere(exchange: string): Promise<boolean> {
    const channel = await openChannel(this.#connection.model);
    try {
      await channel.checkExchange(this.#names.outer(exchange));
      return true;
    } catch (error) {
      if (codeOf(error) === replyCodes.notFound) return false;
      throw transient(`The exchange ${exchange} cannot be looked at`, error);
    } finally {
      await closeChannel(channel);
    }
  }

  #publisher(): Publisher {
    const publisher: Publisher = new Publisher({
      names: this.#names,
      login: this.#login,
      log: this.#log,
      onLost: (model, missing) => void this.#reopen(publisher, model, missing),
    });
    return publisher;
  }

  /** Nothing to do when the connection has ended: its next one is set up anew. */
  async #reopen(publisher: Publisher, model: ChannelModel, missing?: string): Promise<void> {
    if (missing !== undefined) this.#seen.delete(this.#names.inner(missing));
    for (;;) {
      await delay(reopenMs, undefined, { ref: false });
      if (!this.#connection.isLive(model)) return;
      try {
        if (missing !== undefined) await this.#declareAgain(model);
        await publisher.open(model);
        return;
      } catch (error) {
        this.#log.warn({ err: error }, 'a channel to publish on could not be opened again');
      }
    }
  }

  #block(isBlocked: boolean, reason?: string): void {
    this.#ours.block(isBlocked);
    this.#others.block(isBlocked);
    if (isBlocked) this.#log.warn({ reason }, 'RabbitMQ takes no messages for now');
    else this.#log.info({}, 'RabbitMQ takes messages again');
  }
}

/**
 * Connects. Rejects with TransientError when RabbitMQ does not answer in time, and with a `config` error when it
 * refuses the login; once connected it comes back by itself for ever.
 */
export async function openRabbitmqBroker(options: RabbitmqOptions): Promise<RabbitmqBroker> {
  const broker = new RabbitmqBroker(options);
  await broker.open();
  return broker;
}
