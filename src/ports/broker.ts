/**
 * Broker: moves messages and remembers none of ours for good. The store is the truth.
 * Adapters: smqp (in one process), rabbitmq.
 */
import type { Topology } from '../protocol/topology.ts';

/** AMQP's own properties, and string headers. */
export type Properties = {
  /** Empty when a stranger published without one, as is `type`. */
  messageId: string;
  type: string;
  /** Epoch milliseconds, of which AMQP carries whole seconds; 0 when the publisher did not say. */
  timestamp: number;
  correlationId?: string;
  replyTo?: string;
  /** Who published it, where the broker vouches for it; set by the broker's adapter alone, on the way in, and for gateways on the way out. */
  userId?: string;
  headers?: Readonly<Record<string, string>>;
};

export type Publication = {
  exchange: string;
  routingKey: string;
  properties: Properties;
  /** JSON text. */
  body: string;
  /** For whoever listens, if anybody does: where no queue is bound it counts as confirmed. */
  isNews?: boolean;
  /** So many messages of this exchange and routing key may travel as one; whoever consumes gets single ones. Default 1. */
  mostTogether?: number;
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
  /** Called once per delivery, in the order of the queue, not before `consume` has resolved; must not throw. */
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

/** What a queue holds. */
export type QueueState = {
  /** Messages that no consumer holds. */
  ready: number;
  /** Of a single active consumer queue RabbitMQ counts the active one alone. */
  consumers: number;
};

/** What happens to the connection; the consumers' own `onClosed` is called beside it. */
export type BrokerListener = {
  /** It is gone; publishing and consuming reject until it is back, which the adapter sees to. */
  onDisconnected?(reason: string): void;
  /** It is back. What the broker knew may be gone: declare again before anything is expected of it. */
  onConnected?(): void;
  /** The broker takes no messages for now (memory or disk alarm): what is published waits. Ends with `onUnblocked` or `onDisconnected`. */
  onBlocked?(reason: string): void;
  onUnblocked?(): void;
};

export interface Broker {
  /** Other processes use it too, and it outlives this one. */
  readonly isRemote: boolean;
  /** Declares exchanges, queues and bindings; safe to repeat. */
  declare(topology: Topology): Promise<void>;
  /**
   * Hands a persistent message over. `confirmed`: in every queue it was routed to; `returned`: no queue
   * is bound, nobody declared the exchange, or the in-process queue is full. Rejects with TransientError when it cannot be known.
   */
  publish(publication: Publication): Promise<'confirmed' | 'returned'>;
  /** Starts a consumer. Rejects with TransientError when the queue does not exist. */
  consume(queue: string, options: ConsumeOptions): Promise<Channel>;
  /** What a queue holds; undefined when there is no such queue. */
  inspect(queue: string): Promise<QueueState | undefined>;
  /** Hears of the connection from now on; returns what ends it. */
  watch(listener: BrokerListener): () => void;
  close(): Promise<void>;
}
