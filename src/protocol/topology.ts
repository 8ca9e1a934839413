/**
 * Names, kinds and bindings of all exchanges and queues, as data (architecture, section 10).
 * Only what is used is declared: the doors for other processes come with the RabbitMQ adapter.
 */
import { createHash } from 'node:crypto';

export type Exchange = { name: string; kind: 'direct' | 'topic' | 'fanout' };
export type Queue = {
  name: string;
  /** One consumer at a time is served; the others stand by. */
  singleActiveConsumer?: boolean;
  /** Gone with the connection that declared it. */
  exclusive?: boolean;
  /** More than this many waiting are returned; only for brokers whose cost grows with their backlog. */
  maxLength?: number;
};
export type Binding = { exchange: string; queue: string; routingKey: string };
export type Topology = {
  exchanges: readonly Exchange[];
  queues: readonly Queue[];
  bindings: readonly Binding[];
};

/** Partitions of a deployment; fixed for its life. */
export const defaultPartitions = 16;

export const exchanges = {
  partitions: 'millrace.partitions',
  results: 'millrace.results',
  jobs: 'millrace.jobs',
  control: 'millrace.control',
  replies: 'millrace.replies',
} as const;

export const rejectedQueue = 'millrace.rejected';

/** `7` → `07`: routing key of a partition on `millrace.partitions` and `millrace.results`. */
export function partitionKey(partition: number): string {
  return String(partition).padStart(2, '0');
}

export function partitionQueue(partition: number): string {
  return `millrace.partition.${partitionKey(partition)}`;
}

export function jobQueue(type: string): string {
  return `millrace.job.${type}`;
}

/** The partition that a group lives in, for ever. */
export function partitionOf(group: string, partitions: number): number {
  return createHash('sha1').update(group).digest().readUInt32BE(0) % partitions;
}

/** What every role needs before it starts. */
export function baseTopology(partitions: number): Topology {
  const numbers = Array.from({ length: partitions }, (_, partition) => partition);
  return {
    exchanges: [
      { name: exchanges.partitions, kind: 'direct' },
      { name: exchanges.results, kind: 'direct' },
      { name: exchanges.jobs, kind: 'direct' },
      { name: exchanges.control, kind: 'fanout' },
      { name: exchanges.replies, kind: 'direct' },
    ],
    queues: [
      { name: rejectedQueue },
      ...numbers.map((partition) => ({
        name: partitionQueue(partition),
        singleActiveConsumer: true,
      })),
    ],
    bindings: numbers.flatMap((partition) =>
      [exchanges.partitions, exchanges.results].map((exchange) => ({
        exchange,
        queue: partitionQueue(partition),
        routingKey: partitionKey(partition),
      })),
    ),
  };
}

/** The queue of one job type; at most 1,000 starts wait in it when the broker is in-process. */
export function jobTopology(type: string): Topology {
  const queue = jobQueue(type);
  return {
    exchanges: [],
    queues: [{ name: queue, maxLength: 1000 }],
    bindings: [{ exchange: exchanges.jobs, queue, routingKey: type }],
  };
}

/** A queue of one process: a worker's control messages, or a client's replies. */
export function ownQueueTopology(exchange: string, queue: string, routingKey: string): Topology {
  return {
    exchanges: [],
    queues: [{ name: queue, exclusive: true }],
    bindings: [{ exchange, queue, routingKey }],
  };
}
