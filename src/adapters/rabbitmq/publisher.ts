/**
 * One confirming channel: publishes without waiting for each other, at most 2,000 unconfirmed. A returned
 * message comes back before its confirm and is known by its message id, of which one at a time is under way.
 */
import type { ChannelModel, ConfirmChannel, Message as AmqpMessage, Options } from 'amqplib';
import type { Publication } from '../../ports/broker.ts';
import { TransientError } from '../../protocol/errors.ts';
import { exchanges } from '../../protocol/topology.ts';
import { loggedIds } from '../../protocol/logged.ts';
import type { Log } from './connection.ts';
import { closeChannel } from './consumer.ts';
import { codeOf, isEnded, replyCodes, transient } from './failure.ts';
import { toOptions } from './message.ts';
import type { Names } from './names.ts';
import { Line } from './line.ts';
import { sendTogether } from './together.ts';

export type Outcome = 'confirmed' | 'returned';

type Message = {
  publication: Publication;
  isReturned: boolean;
  /** The same message id again, published when this one is settled. */
  next: Message | undefined;
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
};

export type PublisherOptions = {
  names: Names;
  /** Of this process, as RabbitMQ knows it. */
  login: string | undefined;
  log: Log;
  /** The channel ended, by the broker's will or with its connection; `missing`: an exchange that is not there. */
  onLost(model: ChannelModel, missing: string | undefined): void;
};

/** More than this many unconfirmed messages wait here (architecture, section 10). */
const maxUnconfirmed = 2000;

export class Publisher {
  /** Messages given to RabbitMQ so far. */
  sent = 0;
  readonly #options: PublisherOptions;
  #channel: ConfirmChannel | undefined;
  #isBlocked = false;
  /** By message id. */
  readonly #unconfirmed = new Map<string, Message>();
  readonly #waiting = new Line<Message>();

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Takes messages from now on. */
  async open(model: ChannelModel): Promise<void> {
    const channel = await model.createConfirmChannel();
    let failure: unknown = new TransientError('the channel was closed');
    channel.on('return', (message) => this.#markReturned(message));
    channel.on('error', (error) => {
      failure = error;
      this.#settleFor(error);
    });
    // Before amqplib's own listener, which knows no reason.
    channel.prependListener('close', () => {
      if (this.#channel !== channel) return;
      this.#channel = undefined;
      this.#fail(failure);
      this.#options.onLost(model, missingIn(failure));
    });
    this.#channel = channel;
  }

  /** Rejects with TransientError when the outcome is not known. */
  publish(publication: Publication): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const message = { publication, isReturned: false, next: undefined, resolve, reject };
      if (this.#channel === undefined) reject(noChannel());
      else if (this.#hasRoom()) this.#start(message);
      else this.#waiting.push(message);
    });
  }

  /** The broker takes nothing for now: what is published from now on waits here. */
  block(isBlocked: boolean): void {
    this.#isBlocked = isBlocked;
    this.#goOn();
  }

  async close(): Promise<void> {
    const channel = this.#channel;
    this.#channel = undefined;
    if (channel !== undefined) await closeChannel(channel);
    this.#fail(new TransientError('the broker was closed'));
  }

  #hasRoom(): boolean {
    return !this.#isBlocked && this.#unconfirmed.size < maxUnconfirmed;
  }

  #goOn(): void {
    while (this.#hasRoom()) {
      const message = this.#waiting.take();
      if (message === undefined) return;
      this.#start(message);
    }
  }

  #start(message: Message): void {
    const { messageId } = message.publication.properties;
    const before = this.#unconfirmed.get(messageId);
    if (before === undefined) return this.#send(message);
    let last = before;
    while (last.next !== undefined) last = last.next;
    last.next = message;
  }

  #send(message: Message): void {
    const { publication } = message;
    const { exchange, routingKey, properties, body } = publication;
    const { names } = this.#options;
    const channel = this.#channel;
    if (channel === undefined) return this.#settle(message, this.#unknown(message, noChannel()));
    this.#unconfirmed.set(properties.messageId, message);
    try {
      channel.publish(
        names.outer(exchange),
        exchange === '' ? names.outer(routingKey) : routingKey,
        Buffer.from(body),
        this.#signed(toOptions(publication, names), exchange),
        (error: unknown) => this.#confirm(message, error),
      );
      this.sent += 1;
      sendTogether(channel.connection);
    } catch (error) {
      this.#refuse(message, error);
    }
  }

  /** A gateway is told who asks; the broker vouches for it. */
  #signed(options: Options.Publish, exchange: string): Options.Publish {
    const { login } = this.#options;
    if (exchange === exchanges.commands && login !== undefined) options.userId = login;
    return options;
  }

  #confirm(message: Message, error: unknown): void {
    // Settled already when the channel ended.
    if (this.#unconfirmed.get(message.publication.properties.messageId) !== message) return;
    if (message.isReturned) this.#settle(message, 'returned');
    else this.#settle(message, error ? this.#unknown(message, error) : 'confirmed');
    this.#goOn();
  }

  /** What AMQP cannot carry (a name over 255 bytes, headers over 64 KB) leads to no queue either. */
  #refuse(message: Message, error: unknown): void {
    if (isEnded(error)) return this.#settle(message, this.#unknown(message, error));
    const ids = loggedIds(message.publication);
    this.#options.log.warn({ err: error, ...ids }, 'a message does not fit into AMQP');
    this.#settle(message, 'returned');
  }

  #settle(message: Message, outcome: Outcome | TransientError): void {
    const { next, publication } = message;
    this.#unconfirmed.delete(publication.properties.messageId);
    if (typeof outcome === 'string') message.resolve(outcome);
    else message.reject(outcome);
    if (next === undefined) return;
    if (this.#channel === undefined) this.#settle(next, this.#unknown(next, outcome));
    else this.#send(next);
  }

  #markReturned({ properties }: AmqpMessage): void {
    const message = this.#unconfirmed.get(String(properties.messageId));
    if (message !== undefined) message.isReturned = true;
  }

  /** Messages for an exchange that is not there end the channel: they alone are returned, nothing of theirs was taken. */
  #settleFor(error: unknown): void {
    const missing = missingIn(error);
    if (missing === undefined) return;
    for (const message of this.#unconfirmed.values())
      if (this.#options.names.outer(message.publication.exchange) === missing)
        message.isReturned = true;
  }

  #fail(cause: unknown): void {
    for (const message of [...this.#unconfirmed.values()])
      this.#settle(message, message.isReturned ? 'returned' : this.#unknown(message, cause));
    for (let next = this.#waiting.take(); next !== undefined; next = this.#waiting.take())
      next.reject(this.#unknown(next, cause));
  }

  #unknown({ publication: { exchange, routingKey, properties } }: Message, cause: unknown) {
    const where = exchange === '' ? routingKey : exchange;
    return transient(`${where} has not confirmed ${properties.messageId}; publish it again`, cause);
  }
}

function noChannel(): TransientError {
  return new TransientError('There is no channel to publish on; RabbitMQ is being reached again.');
}

/** The broker's name of the exchange that a publish did not find. */
function missingIn(error: unknown): string | undefined {
  if (codeOf(error) !== replyCodes.notFound || !(error instanceof Error)) return undefined;
  return /no exchange '([^']*)'/.exec(error.message)?.[1];
}
