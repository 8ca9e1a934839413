/**
 * Over RabbitMQ with quorum queues, host and worker as two processes: many chains against BullMQ flows in
 * interleaved rounds, a chain alone against its hops and commits, what is counted, and what a host's death costs.
 */
import { setTimeout as settle } from 'node:timers/promises';
import { z } from 'zod';
import { openRabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import type { Broker } from '../../src/ports/broker.ts';
import { exchanges } from '../../src/protocol/topology.ts';
import { ownMongodb } from '../kit/mongodbServer.ts';
import { ownRabbitmq } from '../kit/servers.ts';
import { silentLog } from '../kit/silentLog.ts';
import { openBare } from './bare.ts';
import { openBullmq } from './bullmq.ts';
import type { Child, Children } from './children.ts';
import { commitTimer } from './lone.ts';
import { Members } from './members.ts';
import type { Urls } from './members.ts';
import { median } from './report.ts';
import type { Report } from './report.ts';

const rounds = 9;
/** Rounds of each before those that count: processes that live for days are compiled by then. */
const warmUpRounds = 8;
/** Before each round: what the one before has left to do, as read models that are behind, is not to slow it. */
const settleMs = 500;
const chains = 500;
const steps = 10;
const samples = 200;
const warmUp = 100;

/** As ARCHITECTURE.md, "What a job costs", advises where much is to go through. */
const withoutRates = 'management.rates_mode = none';

const tookSchema = z.object({ ms: z.number() });
const atSchema = z.object({ at: z.number() });
const countSchema = z.looseObject({ published: z.number() });

export async function benchCluster(report: Report, children: Children): Promise<void> {
  const rabbitmq = await ownRabbitmq([withoutRates]);
  if ('skipped' in rabbitmq) throw new Error(rabbitmq.skipped);
  const mongodb = await ownMongodb();
  try {
    await bare(report, children, rabbitmq.url);
    await overStore(report, children, { amqpUrl: rabbitmq.url });
    if ('skipped' in mongodb) console.log(`no figures with MongoDB: ${mongodb.skipped}`);
    else await overStore(report, children, { amqpUrl: rabbitmq.url, mongodbUrl: mongodb.url });
  } finally {
    await rabbitmq.stop();
    if ('stop' in mongodb) await mongodb.stop();
  }
}

/** One deployment: a host with gateway and tracker, a worker. */
type Deployment = {
  host: Child;
  worker: Child;
  broker: Broker;
  folder: string;
  close(): Promise<void>;
};

async function deploy(children: Children, urls: Urls): Promise<Deployment> {
  const prefix = `bench-${urls.mongodbUrl === undefined ? 'sqlite' : 'mongodb'}`;
  const members = new Members(children, { ...urls, prefix });
  const host = await members.start({ name: 'host', roles: ['gateway', 'host', 'tracker'] });
  const worker = await members.start({ name: 'worker', roles: ['worker'] });
  const { amqpUrl: url } = urls;
  const broker = await openRabbitmqBroker({ url, prefix, name: 'bench', log: silentLog() });
  return {
    ...{ host, worker, broker, folder: members.folder },
    async close() {
      await broker.close();
      await members.close();
    },
  };
}

async function overStore(report: Report, children: Children, urls: Urls): Promise<void> {
  const store = urls.mongodbUrl === undefined ? 'SQLite' : 'MongoDB protocol';
  const deployment = await deploy(children, urls);
  try {
    await throughput(report, deployment, store);
    await counts(report, deployment, store);
    if (urls.mongodbUrl === undefined) await alone(report, deployment);
  } finally {
    await deployment.close();
  }
}

async function run({ host }: Deployment, many: number, long: number): Promise<number> {
  host.process.send({ do: 'run', chains: many, steps: long });
  return tookSchema.parse(await host.next()).ms;
}

/** Starts and answers alone, so that it is seen what RabbitMQ leaves to everything else. */
async function bare(report: Report, children: Children, url: string): Promise<void> {
  const messages = await openBare(children, url);
  try {
    const name = 'RabbitMQ, starts and answers alone';
    await inTurns(report, { name, ours: () => messages.run(chains, steps) });
  } finally {
    await messages.close();
  }
}

async function throughput(report: Report, deployment: Deployment, store: string): Promise<void> {
  const goal = store === 'SQLite' && { atLeast: 1.5 };
  const ours = (): Promise<number> => run(deployment, chains, steps);
  await inTurns(report, { name: `RabbitMQ + ${store}`, ours, ...goal });
}

/** Rounds of ours and of BullMQ's, one after the other. */
async function inTurns(
  report: Report,
  { name, ours, ...goal }: { name: string; ours(): Promise<number>; atLeast?: number },
): Promise<void> {
  const bullmq = await openBullmq(100);
  const round = async (): Promise<{ ours: number; theirs: number }> => {
    await settle(settleMs);
    const ofOurs = await ours();
    await settle(settleMs);
    return { ours: ofOurs, theirs: await bullmq.run(chains, steps) };
  };
  try {
    for (let n = 0; n < warmUpRounds; n += 1) await round();
    const times: { ours: number; theirs: number }[] = [];
    for (let n = 0; n < rounds; n += 1) times.push(await round());
    const title = `${name}, ${chains} × ${steps}`;
    report.compare({ name: title, jobs: chains * steps, rounds: times, ...goal });
  } finally {
    await bullmq.close();
  }
}

/** What a round publishes and writes. */
async function counts(report: Report, deployment: Deployment, store: string): Promise<void> {
  const before = await counted(deployment);
  await run(deployment, chains, steps);
  const after = await counted(deployment);
  const jobs = chains * steps;
  const name = `RabbitMQ + ${store}`;
  for (const key of Object.keys(after)) {
    const each = ((after[key] ?? 0) - (before[key] ?? 0)) / jobs;
    const goal = key === 'published' && { goal: { atMost: 2 } };
    report.add({ name: `${name}, ${key} a job`, value: each, unit: '', ...goal });
  }
  const grown = (key: string): number => (after[key] ?? 0) - (before[key] ?? 0);
  if (store !== 'SQLite') {
    report.add({
      name: `${name}, documents a write under load`,
      value: grown('documents') / grown('writes'),
      unit: 'documents',
      goal: { atLeast: 50 },
    });
  }
}

/** Host and worker together. */
async function counted({ host, worker }: Deployment): Promise<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const child of [host, worker]) {
    child.process.send({ do: 'count' });
    for (const [key, value] of Object.entries(countSchema.parse(await child.next())))
      if (typeof value === 'number') sum[key] = (sum[key] ?? 0) + value;
  }
  return sum;
}

/** A chain alone, and a create until its first handler, against the hops and commits that they need. */
async function alone(report: Report, deployment: Deployment): Promise<void> {
  const commit = commitTimer(deployment.folder);
  const hop = await hopTimer(deployment.broker);
  const times = {
    chain: [] as number[],
    create: [] as number[],
    h: [] as number[],
    c: [] as number[],
  };
  for (let n = 0; n < warmUp + samples; n += 1) {
    const [c, h] = [commit(), await hop()];
    const chain = await run(deployment, 1, 3);
    const create = await firstHandler(deployment, n);
    if (n < warmUp) continue;
    times.c.push(c);
    times.h.push(h);
    times.chain.push(chain);
    times.create.push(create);
  }
  const [h, c] = [median(times.h), median(times.c)];
  report.add({ name: 'one quorum publish-confirm-deliver hop, p50', value: h, unit: 'ms' });
  report.add({ name: 'one commit, p50', value: c, unit: 'ms' });
  report.add({
    name: 'RabbitMQ + SQLite, chain of 3 steps alone, p50',
    value: median(times.chain),
    unit: 'ms',
    goal: { atMost: 7 * h + 4 * c + 3 },
  });
  report.add({
    name: 'RabbitMQ + SQLite, create published → first handler, p50',
    value: median(times.create),
    unit: 'ms',
    goal: { atMost: 3 * h + c + 2 },
  });
}

/** A message of a few hundred bytes through a quorum queue: until it is confirmed and delivered. */
async function hopTimer(broker: Broker): Promise<() => Promise<number>> {
  const queue = 'millrace.bench.hop';
  await broker.declare({ exchanges: [], queues: [{ name: queue }], bindings: [] });
  let delivered = (): void => undefined;
  const channel = await broker.consume(queue, {
    prefetch: 10,
    onDelivery: ({ tag }) => {
      channel.ack(tag);
      delivered();
    },
    onClosed: () => undefined,
  });
  return async () => {
    const arrival = new Promise<void>((resolve) => (delivered = resolve));
    const before = performance.now();
    const properties = { messageId: 'hop', type: 'hop', timestamp: 0 };
    const body = JSON.stringify('x'.repeat(300));
    await Promise.all([
      broker.publish({ exchange: '', routingKey: queue, properties, body }),
      arrival,
    ]);
    return performance.now() - before;
  };
}

async function firstHandler({ worker, broker }: Deployment, n: number): Promise<number> {
  worker.process.send({ do: 'watch' });
  await worker.next();
  const begun = worker.next();
  const type = 'request.create';
  const before = performance.timeOrigin + performance.now();
  await broker.publish({
    exchange: exchanges.commands,
    routingKey: type,
    properties: { messageId: `create ${n}`, type, timestamp: Date.now() },
    body: JSON.stringify({ requestType: 'line', requestId: `alone-${n}`, args: { steps: 1 } }),
  });
  return atSchema.parse(await begun).at - before;
}
