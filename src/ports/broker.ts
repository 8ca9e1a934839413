/**
 * Broker: moves messages and remembers none of ours for good. The store is the truth.
 * Adapters: smqp (in one process), rabbitmq (a minimal one for the contract suite lives in test/kit).
 */
import type { Topology } from '../protocol/topology.ts';

/** AMQP's own properties, and string headers. */
export type Properties = {
  messageId: string;
  type: string;
  /** Epoch milliseconds. */
  timestamp: number;
  correlationId?: string;
  replyTo?: string;
  headers?: Readonly<Record<string, string>>;
};

export type Publication = {
  exchange: string;
  routingKey: string;
  properties: Properties;
  /** JSON text. */
  body: string;
};

/** One hand-over of a message by the broker. */
export type Delivery = Publication & {
  /** Handed over before, to somebody who did not ack it. */
  redelivered: boolean;
  /** Names this delivery on its own channel. */
  tag: number;
};

export type ConsumeOptions = {
  /** Unacked deliveries at a time. */
  prefetch: number;
  /** Called once per delivery, in the order of the queue; must not throw. */
  onDelivery(delivery: Delivery): void;
  /** The channel is gone (closed by the broker, queue deleted, connection lost); not called after `close()`. */
  onClosed(reason: string): void;
};

/** One consumer on a channel of its own. */
export interface Channel {
  /** Acks every delivery of this channel up to and including `tag`. */
  ackUpTo(tag: number): void;
  /** Acks one delivery. */
  ack(tag: number): void;
  /** Gives every unacked delivery back to the queue and ends; the broker redelivers them. */
  close(): Promise<void>;
}

export interface Broker {
  /** Identity of this broker's memory: another value means that it has forgotten everything (architecture, section 12). */
  readonly epoch: string;
  /** Declares exchanges, queues and bindings; safe to repeat. */
  declare(topology: Topology): Promise<void>;
  /**
   * Hands a persistent message over. `confirmed`: in every queue it was routed to; `returned`: no queue
   * is bound, nobody declared the exchange, or the in-process queue is full. Rejects with TransientError when it cannot be known.
   */
  publish(publication: Publication): Promise<'confirmed' | 'returned'>;
  /** Starts a consumer. Rejects with TransientError when the queue does not exist. */
  consume(queue: string, options: ConsumeOptions): Promise<Channel>;
  /** Messages in the queue that no consumer holds; 0 for an unknown queue. */
  backlog(queue: string): Promise<number>;
  close(): Promise<void>;
}
