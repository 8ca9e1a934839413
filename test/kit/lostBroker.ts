/**
 * A host's connection to an in-process broker that stands for a remote one: it can be cut, and its host can be frozen
 * with what was on the way to it, as a stopped process has it in its socket.
 */
import type {
  Broker,
  BrokerListener,
  Channel,
  ConsumeOptions,
  Delivery,
} from '../../src/ports/broker.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import { decorate } from './rig.ts';

type Open = { channel: Channel; options: ConsumeOptions; held: Delivery[]; isClosed: boolean };

export class LostBroker {
  readonly broker: Broker;
  readonly #open = new Set<Open>();
  readonly #listeners = new Set<BrokerListener>();
  #isFrozen = false;
  #isCut = false;

  constructor(inner: Broker) {
    this.broker = decorate(inner, {
      isRemote: true,
      watch: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      publish: (publication) => {
        if (this.#isCut) return Promise.reject(new TransientError('the connection is lost'));
        return inner.publish(publication);
      },
      inspect: (queue) => {
        if (this.#isCut) return Promise.reject(new TransientError('the connection is lost'));
        return inner.inspect(queue);
      },
      consume: (queue, options) => this.#consume(inner, queue, options),
    });
  }

  /** The connection is lost, and the host hears of it. */
  async cut(): Promise<void> {
    this.#isCut = true;
    await this.#closeAll((open) => open.options.onClosed('the connection is lost'));
    for (const { onDisconnected } of this.#listeners) onDisconnected?.('the connection is lost');
  }

  /** The connection is there again. */
  restore(): void {
    this.#isCut = false;
    for (const { onConnected } of this.#listeners) onConnected?.();
  }

  /** From now on the host hears nothing; what is delivered to it lies in its socket. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** The broker has given the frozen host up, and delivers to others. */
  async giveUp(): Promise<void> {
    this.#isCut = true;
    await this.#closeAll(() => undefined);
  }

  /** The host goes on: with what lies in its socket, and then it hears that the connection is lost. */
  thaw(): void {
    this.#isFrozen = false;
    for (const { options, held } of this.#open)
      for (const each of held.splice(0)) options.onDelivery(each);
  }

  /** A frozen host that went on hears that its connection is lost. */
  tellLost(): void {
    for (const { options } of this.#open) options.onClosed('the connection is lost');
    this.#open.clear();
  }

  block(reason: string): void {
    for (const { onBlocked } of this.#listeners) onBlocked?.(reason);
  }

  unblock(): void {
    for (const { onUnblocked } of this.#listeners) onUnblocked?.();
  }

  async #consume(inner: Broker, queue: string, options: ConsumeOptions): Promise<Channel> {
    if (this.#isCut) throw new TransientError('the connection is lost');
    const held: Delivery[] = [];
    const channel = await inner.consume(queue, {
      ...options,
      onDelivery: (delivery) => {
        if (this.#isFrozen) held.push(delivery);
        else options.onDelivery(delivery);
      },
    });
    const open: Open = { channel, options, held, isClosed: false };
    this.#open.add(open);
    return {
      ack: (tag) => {
        if (!open.isClosed) channel.ack(tag);
      },
      ackUpTo: (tag) => {
        if (!open.isClosed) channel.ackUpTo(tag);
      },
      close: async () => {
        this.#open.delete(open);
        await channel.close();
      },
    };
  }

  async #closeAll(tell: (open: Open) => void): Promise<void> {
    for (const open of this.#open) {
      open.isClosed = true;
      await open.channel.close();
      tell(open);
    }
    if (!this.#isFrozen) this.#open.clear();
  }
}
