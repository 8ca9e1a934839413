/**
 * Names, kinds and bindings of all exchanges and queues, as data (architecture, section 10). Adapters make
 * them real: the RabbitMQ one puts the deployment's prefix in place of `millrace`.
 */
import { createHash } from 'node:crypto';

export type Exchange = {
  name: string;
  kind: 'direct' | 'topic' | 'fanout';
  /** The exchange that gets what no binding of this one takes. */
  alternate?: string;
};
export type Queue = {
  name: string;
  /**
   * `quorum` (default): kept until acked, on several nodes where there are. `stream`: kept by size, for many
   * readers; not declared in-process, where nobody could read it. `exclusive`: gone with its last consumer,
   * or with the connection that declared it.
   */
  kind?: 'quorum' | 'stream' | 'exclusive';
  /** One consumer at a time is served; the others stand by. */
  singleActiveConsumer?: boolean;
  /** More than this many waiting are returned; only for brokers whose cost grows with their backlog. */
  maxLength?: number;
};
export type Binding = { exchange: string; queue: string; routingKey: string };
export type Topology = {
  exchanges: readonly Exchange[];
  queues: readonly Queue[];
  bindings: readonly Binding[];
};

/**
 * Partitions of a deployment that names no number, by its store; fixed for its life. They spread work over hosts:
 * a SQLite file has one, where fewer are quicker, as more messages to a mailbox go together.
 */
export const defaultPartitions = { sqlite: 4, mongodb: 16 } as const;

export const exchanges = {
  commands: 'millrace.commands',
  otherCommands: 'millrace.commands.other',
  partitions: 'millrace.partitions',
  results: 'millrace.results',
  jobs: 'millrace.jobs',
  control: 'millrace.control',
  transitions: 'millrace.transitions',
  replies: 'millrace.replies',
} as const;

export const createsQueue = 'millrace.creates';
export const commandsQueue = 'millrace.commands';
export const rejectedQueue = 'millrace.rejected';
export const eventsStream = 'millrace.events';

/** `7` → `07`: routing key of a partition on `millrace.partitions` and `millrace.results`. */
export function partitionKey(partition: number): string {
  return String(partition).padStart(2, '0');
}

export function partitionQueue(partition: number): string {
  return `millrace.partition.${partitionKey(partition)}`;
}

/** Routing key of a partition's committed batches on `millrace.transitions`. */
export function batchKey(partition: number): string {
  return `batch.${partitionKey(partition)}`;
}

export function trackerQueue(partition: number): string {
  return `millrace.tracker.${partitionKey(partition)}`;
}

export function jobQueue(type: string): string {
  return `millrace.job.${type}`;
}

/** The partition that a group lives in, for ever. */
export function partitionOf(group: string, partitions: number): number {
  return createHash('sha1').update(group).digest().readUInt32BE(0) % partitions;
}

/** What hosts and workers need before they start; a worker, which knows no partitions, says 0. */
export function baseTopology(partitions: number): Topology {
  const numbers = numbersTo(partitions);
  return {
    exchanges: [
      { name: exchanges.partitions, kind: 'direct' },
      { name: exchanges.results, kind: 'direct' },
      { name: exchanges.jobs, kind: 'direct' },
      { name: exchanges.control, kind: 'fanout' },
      { name: exchanges.transitions, kind: 'topic' },
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

/**
 * The door for publishers. Commands that users' actors accept have names that nobody here knows, and a
 * misspelt one has to be rejected with its reason: the alternate exchange brings both.
 */
export function gatewayTopology(): Topology {
  const { commands, otherCommands } = exchanges;
  const known = ['request.stop', 'request.suspend', 'request.resume'];
  return {
    exchanges: [
      { name: otherCommands, kind: 'fanout' },
      { name: commands, kind: 'topic', alternate: otherCommands },
    ],
    queues: [{ name: createsQueue }, { name: commandsQueue }, { name: rejectedQueue }],
    bindings: [
      { exchange: commands, queue: createsQueue, routingKey: 'request.create' },
      { exchange: commands, queue: createsQueue, routingKey: 'request.retry' },
      ...known.map((routingKey) => ({ exchange: commands, queue: commandsQueue, routingKey })),
      { exchange: otherCommands, queue: commandsQueue, routingKey: '' },
    ],
  };
}

/** What trackers read, and the stream of the same batches for anyone else who wants to listen or replay. */
export function trackerTopology(partitions: number): Topology {
  const { transitions } = exchanges;
  const numbers = numbersTo(partitions);
  return {
    exchanges: [{ name: transitions, kind: 'topic' }],
    queues: [
      { name: eventsStream, kind: 'stream' },
      ...numbers.map((partition) => ({
        name: trackerQueue(partition),
        singleActiveConsumer: true,
      })),
    ],
    bindings: [
      { exchange: transitions, queue: eventsStream, routingKey: 'batch.*' },
      ...numbers.map((partition) => ({
        exchange: transitions,
        queue: trackerQueue(partition),
        routingKey: batchKey(partition),
      })),
    ],
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
    queues: [{ name: queue, kind: 'exclusive' }],
    bindings: [{ exchange, queue, routingKey }],
  };
}

function numbersTo(partitions: number): number[] {
  return Array.from({ length: partitions }, (_, partition) => partition);
}

/** Holds the id of the store that this broker serves. */
export const storeQueue = 'millrace.store';

export function storeTopology(): Topology {
  return { exchanges: [], queues: [{ name: storeQueue }], bindings: [] };
}

/** Holds a message for as long as the broker remembers what it was told since this epoch began. */
export function epochQueue(epoch: string): string {
  return `millrace.epoch.${epoch}`;
}

export function epochTopology(epoch: string): Topology {
  return { exchanges: [], queues: [{ name: epochQueue(epoch) }], bindings: [] };
}
