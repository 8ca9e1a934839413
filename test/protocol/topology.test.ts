/** What is published where the table says reaches the queue that it names; run on the in-process broker. */
import { beforeEach, describe, expect, it } from 'vitest';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import type { Broker } from '../../src/ports/broker.ts';
import {
  baseTopology,
  batchKey,
  commandsQueue,
  createsQueue,
  eventsStream,
  exchanges,
  gatewayTopology,
  partitionKey,
  partitionQueue,
  trackerQueue,
  trackerTopology,
  type Topology,
} from '../../src/protocol/topology.ts';

const roles: [string, Topology][] = [
  ['hosts and workers', baseTopology(16)],
  ['gateways', gatewayTopology()],
  ['trackers', trackerTopology(16)],
];

describe('the topology', () => {
  it.each(roles)('of %s binds only queues that it declares', (_, { queues, bindings }) => {
    const names = new Set(queues.map(({ name }) => name));
    expect(bindings.filter(({ queue }) => !names.has(queue))).toEqual([]);
  });

  it('names everything under millrace', () => {
    const named = roles.flatMap(([, { exchanges: some, queues }]) => [...some, ...queues]);
    expect(named.filter(({ name }) => !name.startsWith('millrace.'))).toEqual([]);
  });

  it('gives partitions and trackers one consumer at a time', () => {
    const queues = roles.flatMap(([, topology]) => topology.queues);
    const alone = queues.filter((queue) => queue.singleActiveConsumer).map(({ name }) => name);
    expect(alone).toHaveLength(32);
    expect(alone).toEqual(expect.arrayContaining([partitionQueue(0), trackerQueue(15)]));
  });
});

describe('a message', () => {
  let broker: Broker;

  beforeEach(async () => {
    broker = openSmqpBroker();
    for (const [, topology] of roles) await broker.declare(topology);
  });

  async function reached(exchange: string, routingKey: string, queue: string): Promise<number> {
    const properties = { messageId: 'm', type: 't', timestamp: 1 };
    expect(await broker.publish({ exchange, routingKey, properties, body: '1' })).toBe('confirmed');
    return (await broker.inspect(queue))?.ready ?? 0;
  }

  it('that asks for a chain waits apart from the other commands', async () => {
    expect(await reached(exchanges.commands, 'request.create', createsQueue)).toBe(1);
    expect(await broker.inspect(commandsQueue)).toMatchObject({ ready: 0 });
  });

  it.each(['request.stop', 'desk.book', 'no command at all', ''])(
    'with the key "%s" waits for the gateway as a command',
    async (routingKey) => {
      expect(await reached(exchanges.commands, routingKey, commandsQueue)).toBe(1);
      expect(await broker.inspect(createsQueue)).toMatchObject({ ready: 0 });
    },
  );

  it('to a partition, and a result, wait in the same mailbox', async () => {
    await reached(exchanges.partitions, partitionKey(7), partitionQueue(7));
    expect(await reached(exchanges.results, partitionKey(7), partitionQueue(7))).toBe(2);
  });

  it('that tells of a batch waits for the tracker of its partition; in-process there is no stream', async () => {
    expect(await reached(exchanges.transitions, batchKey(3), trackerQueue(3))).toBe(1);
    expect(await broker.inspect(eventsStream)).toBeUndefined();
  });
});
