/** What RabbitMQ costs: one quorum publish-confirm-deliver hop alone, and many messages at once. */
import { randomUUID } from 'node:crypto';
import { openRabbitmqBroker, type RabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import type { Publication } from '../../src/ports/broker.ts';
import { openStranger } from '../kit/amqp.ts';
import { rabbitmqUrl } from '../kit/servers.ts';
import { silentLog } from '../kit/silentLog.ts';
import { median, percentile, type Report } from './report.ts';

const topology = {
  exchanges: [{ name: 'millrace.work', kind: 'direct' as const }],
  queues: [{ name: 'millrace.hop', singleActiveConsumer: true }],
  bindings: [{ exchange: 'millrace.work', queue: 'millrace.hop', routingKey: 'hop' }],
};

/** About what an answer of a worker is: 400 bytes and five headers. */
function message(n: number): Publication {
  const headers = {
    group: 'r-01J9ZQ3W8K',
    to: `job/${n}`,
    from: 'worker/1',
    claim: '03/12',
    v: '1',
  };
  const properties = { messageId: `m-${n}`, type: 'attempt.succeeded', timestamp: 1767600000123 };
  const body = JSON.stringify({ n, result: 'x'.repeat(380) });
  return {
    exchange: 'millrace.work',
    routingKey: 'hop',
    properties: { ...properties, headers },
    body,
  };
}

/** Prints nothing but why, where there is no RabbitMQ. */
export async function benchHop(report: Report): Promise<void> {
  const server = await rabbitmqUrl();
  if ('skipped' in server) {
    console.log(server.skipped);
    return;
  }
  const prefix = `bench-${randomUUID().slice(0, 8)}`;
  const { url } = server;
  const broker = await openRabbitmqBroker({ url, prefix, name: 'bench', log: silentLog() });
  await broker.declare(topology);
  const bench = await consumed(broker);
  await many(bench, 5_000);
  const { hops, confirms } = await alone(bench, 300);
  report.add({ name: 'RabbitMQ: one hop alone, p50', value: median(hops), unit: 'ms' });
  report.add({ name: 'RabbitMQ: one hop alone, p95', value: percentile(hops, 0.95), unit: 'ms' });
  report.add({ name: 'RabbitMQ: until confirmed alone, p50', value: median(confirms), unit: 'ms' });
  const rounds = [await many(bench, 10_000), await many(bench, 10_000), await many(bench, 10_000)];
  const rates = rounds.map(({ rate }) => rate);
  const costs = rounds.map(({ cpuUs }) => cpuUs);
  report.add({
    name: 'RabbitMQ: 10,000 at once, median of 3',
    value: median(rates),
    unit: 'messages/s',
  });
  report.add({ name: 'RabbitMQ: our CPU a message out and in', value: median(costs), unit: 'µs' });
  await broker.close();
  const stranger = await openStranger(url);
  await stranger.deleteAll(topology, prefix);
  await stranger.close();
  await server.stop();
}

type Bench = {
  broker: RabbitmqBroker;
  /** Called with the id of each message that arrives. */
  onArrival: (messageId: string) => void;
};

/** One consumer for all: RabbitMQ may forget acks that come just before a channel is closed. */
async function consumed(broker: RabbitmqBroker): Promise<Bench> {
  const bench: Bench = { broker, onArrival: () => undefined };
  const channel = await broker.consume('millrace.hop', {
    prefetch: 200,
    onDelivery({ tag, properties }) {
      channel.ack(tag);
      bench.onArrival(properties.messageId);
    },
    onClosed: () => undefined,
  });
  return bench;
}

/** Milliseconds until a message was confirmed and had arrived, one at a time. */
async function alone(bench: Bench, count: number) {
  const hops: number[] = [];
  const confirms: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const arrival = new Promise<string>((resolve) => {
      bench.onArrival = resolve;
    });
    const start = performance.now();
    await bench.broker.publish(message(n));
    confirms.push(performance.now() - start);
    await arrival;
    hops.push(performance.now() - start);
  }
  return { hops, confirms };
}

/** All published at once, each acked once; until all are confirmed and have arrived. */
async function many(bench: Bench, count: number) {
  let left = count;
  const messages = Array.from({ length: count }, (_, n) => message(n));
  const all = new Promise<void>((resolve) => {
    bench.onArrival = () => {
      if ((left -= 1) === 0) resolve();
    };
  });
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all([...messages.map((each) => bench.broker.publish(each)), all]);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { rate: (count / ms) * 1000, cpuUs: (user + system) / count };
}
