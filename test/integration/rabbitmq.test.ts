/** The RabbitMQ adapter against a server of its own, which the tests cut off, alarm and restart. */
import { hostname } from 'node:os';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRabbitmqBroker, type RabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import type { Delivery, Publication } from '../../src/ports/broker.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import {
  baseTopology,
  exchanges,
  gatewayTopology,
  jobQueue,
  jobTopology,
  ownQueueTopology,
  partitionQueue,
  rejectedQueue,
  type Topology,
} from '../../src/protocol/topology.ts';
import { openStranger } from '../kit/amqp.ts';
import { eventually } from '../kit/eventually.ts';
import { freePort } from '../kit/freePort.ts';
import type { RabbitmqServer } from '../kit/rabbitmqServer.ts';
import { ownRabbitmq } from '../kit/servers.ts';
import { silentLog } from '../kit/silentLog.ts';
import { openTcpProxy, type TcpProxy } from '../kit/tcpProxy.ts';

const server = await ownRabbitmq();
if ('skipped' in server) it.skip(`the RabbitMQ adapter: ${server.skipped}`, () => {});
else describe('the RabbitMQ adapter', () => suite(server));

const topology: Topology = {
  exchanges: [{ name: 'millrace.work', kind: 'direct' }],
  queues: [{ name: 'millrace.one' }, { name: 'millrace.two' }],
  bindings: [
    { exchange: 'millrace.work', queue: 'millrace.one', routingKey: 'one' },
    { exchange: 'millrace.work', queue: 'millrace.two', routingKey: 'two' },
  ],
};

function message(id: number | string, to: Partial<Publication> = {}): Publication {
  const properties = { messageId: `m-${id}`, type: 'thing.happened', timestamp: 1767600000123 };
  return { exchange: 'millrace.work', routingKey: 'one', properties, body: String(id), ...to };
}

function suite(server: RabbitmqServer): void {
  let proxy: TcpProxy;
  let broker: RabbitmqBroker;
  let heard: string[];
  // Never the same again: RabbitMQ 3.10, when killed, may be left with a queue that was deleted just before.
  let tests = 0;
  let prefix: string;

  afterAll(() => server.stop());

  beforeEach(async () => {
    prefix = `rig${(tests += 1)}`;
    proxy = await openTcpProxy(server.url);
    const url = server.url.replace(/:\d+$/, `:${proxy.port}`);
    broker = await openRabbitmqBroker({ url, prefix, name: 'host', log: silentLog() });
    await broker.declare(topology);
    heard = [];
    broker.watch({
      onDisconnected: () => heard.push('lost'),
      onConnected: () => heard.push('back'),
      onBlocked: () => heard.push('blocked'),
      onUnblocked: () => heard.push('unblocked'),
    });
  });

  afterEach(async () => {
    await broker.close();
    await proxy.close();
    const stranger = await openStranger(server.url);
    await stranger.deleteAll(topology, prefix);
    await stranger.close();
  });

  async function consume(queue: string, prefetch = 5000) {
    const got: Delivery[] = [];
    const closed: string[] = [];
    const channel = await broker.consume(queue, {
      prefetch,
      onDelivery: (delivery) => got.push(delivery),
      onClosed: (reason) => closed.push(reason),
    });
    return { got, closed, channel };
  }

  /** How each of these ended. */
  async function outcomes(sent: readonly Promise<string>[]): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const each of await Promise.allSettled(sent)) {
      const outcome = each.status === 'fulfilled' ? each.value : String(each.reason?.code);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
    return counts;
  }

  const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

  it('confirms 10,000 messages, each once, and returns those that lead nowhere', async () => {
    const key = (n: number): string => (n % 10 === 3 ? 'nowhere' : n % 2 === 0 ? 'one' : 'two');
    const sent = numbers(10_000).map((n) => broker.publish(message(n, { routingKey: key(n) })));
    const results = await Promise.all(sent);
    expect(results).toEqual(
      numbers(10_000).map((n) => (key(n) === 'nowhere' ? 'returned' : 'confirmed')),
    );
    const [one, two] = [await consume('millrace.one'), await consume('millrace.two')];
    await eventually(() => expect([one.got.length, two.got.length]).toEqual([5000, 4000]));
    expect(one.got.map(({ body }) => Number(body))).toEqual(
      numbers(10_000).filter((n) => key(n) === 'one'),
    );
  });

  it('rejects what is under way when the connection is cut, tells every consumer, and comes back', async () => {
    const [one, two] = [await consume('millrace.one'), await consume('millrace.two')];
    proxy.drop();
    const sent = numbers(3000).map((n) => broker.publish(message(n)));
    proxy.cut();
    proxy.pass();
    expect(await outcomes(sent)).toEqual({ unavailable: 3000 });
    await eventually(() => expect(heard).toEqual(['lost', 'back']));
    expect([one.closed.length, two.closed.length]).toEqual([1, 1]);
    expect(await broker.publish(message('after'))).toBe('confirmed');
    one.channel.ackUpTo(1);
    await one.channel.close();
    const again = await consume('millrace.one');
    await eventually(() => expect(again.got.at(-1)?.body).toBe('after'));
  });

  it('refuses everything while there is no connection', async () => {
    proxy.refuse();
    proxy.cut();
    await eventually(() => expect(heard).toEqual(['lost']));
    await expect(broker.publish(message(1))).rejects.toBeInstanceOf(TransientError);
    await expect(broker.declare(topology)).rejects.toBeInstanceOf(TransientError);
    await expect(consume('millrace.one')).rejects.toBeInstanceOf(TransientError);
    await expect(broker.inspect('millrace.one')).rejects.toBeInstanceOf(TransientError);
    proxy.accept();
    await eventually(() => expect(heard).toEqual(['lost', 'back']));
  });

  it('notices within 15 s that the network is silent', { timeout: 60_000 }, async () => {
    const one = await consume('millrace.one');
    proxy.drop();
    const sent = broker.publish(message(1));
    await expect(sent).rejects.toBeInstanceOf(TransientError);
    expect(one.closed).toHaveLength(1);
    proxy.pass();
    await eventually(() => expect(heard).toEqual(['lost', 'back']), 20_000);
    expect(await broker.publish(message(2))).toBe('confirmed');
  });

  it('closes within 3 s though the network is silent', async () => {
    await consume('millrace.one');
    proxy.drop();
    const start = Date.now();
    await broker.close();
    expect(Date.now() - start).toBeLessThan(3000);
    expect(heard).toEqual([]);
  });

  it('declares again what it had declared when the broker has lost everything', async () => {
    await broker.declare(ownQueueTopology('millrace.work', 'millrace.own', 'own'));
    const one = await consume('millrace.one');
    const stranger = await openStranger(server.url);
    await stranger.deleteAll(topology, prefix);
    await stranger.close();
    await eventually(() => expect(one.closed).toEqual(['queue millrace.one was deleted']));
    proxy.cut();
    await eventually(() => expect(heard).toEqual(['lost', 'back']));
    expect(await broker.publish(message(1))).toBe('confirmed');
    expect(await broker.inspect('millrace.own')).toBeUndefined();
  });

  it('names its process and role in the management UI', { timeout: 60_000 }, async () => {
    const { origin, username, password } = new URL(server.managementUrl);
    const authorization = `Basic ${btoa(`${username}:${password}`)}`;
    await eventually(async () => {
      const answer = await fetch(`${origin}/api/connections`, { headers: { authorization } });
      expect(await answer.json()).toContainEqual(
        expect.objectContaining({ user_provided_name: `${hostname()}:${process.pid} host` }),
      );
    }, 20_000);
  });

  it('is refused with a wrong password at once, and without a server in the time it was given', async () => {
    const log = silentLog();
    const { port } = new URL(server.url);
    const wrong = { url: `amqp://guest:secret@127.0.0.1:${port}`, name: 'host', log };
    const refused = openRabbitmqBroker(wrong);
    await expect(refused).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(/refuses the user "guest".*correct MILLRACE_AMQP_URL/),
    });
    await expect(refused).rejects.not.toThrow('secret');
    const nobody = { ...wrong, url: `amqp://127.0.0.1:${await freePort()}`, connectWithinMs: 300 };
    await expect(openRabbitmqBroker(nobody)).rejects.toMatchObject({ code: 'unavailable' });
    const noUrl = openRabbitmqBroker({ ...wrong, url: 'amqp//guest:secret@here' });
    await expect(noUrl).rejects.toMatchObject({ code: 'config' });
    await expect(noUrl).rejects.not.toThrow('secret');
  });

  it('serves a worker whose login may answer and nothing else', { timeout: 60_000 }, async () => {
    const base = [baseTopology(1), gatewayTopology(), jobTopology('rip')];
    for (const part of base) await broker.declare(part);
    await server.rabbitmqctl('add_user', 'worker', 'w');
    // Configure, write, read: the login that ARCHITECTURE.md gives a worker, for this prefix.
    const permissions = [
      String.raw`^${prefix}\.worker\.`,
      String.raw`^(${prefix}\.(worker\..*|results|transitions)|amq\.default)$`,
      String.raw`^${prefix}\.(worker\..*|job\..*|control|jobs)$`,
    ];
    await server.rabbitmqctl('set_permissions', 'worker', ...permissions);
    const url = server.url.replace('guest:guest', 'worker:w');
    const log = silentLog();
    const worker = await openRabbitmqBroker({ url, prefix, name: 'worker', log });
    await worker.declare(baseTopology(0));
    await worker.declare(jobTopology('rip'));
    await worker.declare(ownQueueTopology(exchanges.control, 'millrace.worker.1', ''));
    const ignore = { prefetch: 1, onDelivery: () => undefined, onClosed: () => undefined };
    await worker.consume('millrace.worker.1', ignore);
    await worker.consume(jobQueue('rip'), ignore);
    const to = async (exchange: string, routingKey: string) =>
      worker.publish(message(1, { exchange, routingKey }));
    expect(await to(exchanges.results, '00')).toBe('confirmed');
    expect(await to('', rejectedQueue)).toBe('confirmed');
    await expect(to(exchanges.partitions, '00')).rejects.toThrow('ACCESS_REFUSED');
    await expect(worker.declare(jobTopology('other'))).rejects.toThrow('may not declare it');
    await expect(worker.consume(partitionQueue(0), ignore)).rejects.toThrow('ACCESS_REFUSED');
    await eventually(async () => expect(await to(exchanges.results, '00')).toBe('confirmed'));
    await expect(to(exchanges.commands, 'request.stop')).rejects.toThrow('ACCESS_REFUSED');
    await worker.close();
    const stranger = await openStranger(server.url);
    for (const part of base) await stranger.deleteAll(part, prefix);
    await stranger.close();
  });

  it('goes on with other messages when an exchange of its own is deleted', async () => {
    const stranger = await openStranger(server.url);
    await stranger.deleteExchange(`${prefix}.work`);
    await stranger.close();
    expect(await broker.publish(message(1))).toBe('returned');
    await eventually(async () => expect(await broker.publish(message(2))).toBe('confirmed'));
    expect(heard).toEqual([]);
  });

  it(
    'waits while the broker takes nothing, says so, and goes on',
    { timeout: 60_000 },
    async () => {
      await server.rabbitmqctl('set_vm_memory_high_watermark', '0');
      const sent = [broker.publish(message(1))];
      await eventually(() => expect(heard).toEqual(['blocked']), 20_000);
      sent.push(...numbers(3000).map((n) => broker.publish(message(`later-${n}`))));
      await server.rabbitmqctl('set_vm_memory_high_watermark', '0.6');
      expect(await outcomes(sent)).toEqual({ confirmed: 3001 });
      expect(heard).toEqual(['blocked', 'unblocked']);
    },
  );

  it(
    'comes back when the broker is restarted, with what was confirmed',
    { timeout: 120_000 },
    async () => {
      const one = await consume('millrace.one');
      expect(await outcomes(numbers(100).map((n) => broker.publish(message(n))))).toEqual({
        confirmed: 100,
      });
      await server.restart();
      await eventually(() => expect(heard).toEqual(['lost', 'back']), 30_000);
      expect(one.closed).toHaveLength(1);
      const again = await consume('millrace.one');
      await eventually(() => expect(again.got).toHaveLength(100));
      expect(again.got.every(({ redelivered }) => redelivered)).toBe(true);
    },
  );

  it('loses nothing confirmed when the broker is killed', { timeout: 120_000 }, async () => {
    // Mnesia keeps what was declared in the last moments in its memory.
    await server.rabbitmqctl('eval', 'mnesia:sync_log().');
    const sent = numbers(2000).map((n) => broker.publish(message(n)));
    const ended = outcomes(sent);
    await sent[0];
    await server.kill();
    const { confirmed = 0, unavailable = 0 } = await ended;
    expect(confirmed + unavailable).toBe(2000);
    await server.start();
    await eventually(() => expect(heard.slice(0, 2)).toEqual(['lost', 'back']), 30_000);
    // A node that is just up may have no leader for the queue yet, and then ends the connection once more.
    let again = await consume('millrace.one').catch(() => undefined);
    await eventually(async () => {
      if (again === undefined || again.closed.length > 0) again = await consume('millrace.one');
      expect(again.got.length).toBeGreaterThanOrEqual(confirmed);
    }, 30_000);
  });
}
