/**
 * Two hosts over RabbitMQ and MongoDB with 1,000 chains in flight: one is killed, and how soon the other goes on
 * with its partitions; two more join, and how evenly the partitions lie after 10 s. No result may be there twice.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { openMongoStore } from '../../src/adapters/mongodb/store.ts';
import type { HostDocument } from '../../src/ports/hosts.ts';
import type { Entry } from '../../src/ports/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import { defaultPartitions } from '../../src/protocol/topology.ts';
import { ownMongodb } from '../kit/mongodbServer.ts';
import { ownRabbitmq } from '../kit/servers.ts';
import type { Child, Children } from './children.ts';
import { Members } from './members.ts';
import type { Role } from './members.ts';
import type { Report } from './report.ts';

const chains = 1000;
const steps = 5;
/** So slow that all chains are in flight for some 10 s. */
const slowMs = 200;
const partitions = defaultPartitions.mongodb;

/** A host is killed; `npm run bench -- --only failover`. */
export async function benchFailover(report: Report, children: Children): Promise<void> {
  await withHosts(children, async ({ hosts: [first, second], members, store }) => {
    await start(first);
    const dead = await hostOf(store, second);
    const before = await heads(store);
    const killedAt = Date.now();
    await members.kill(second);
    const finished = await complete(store);
    const entries = await allEntries(store);
    const name = `${chains} chains, one of 2 hosts killed`;
    for (const { partition } of dead.owns) {
      const e = entries[partition] ?? [];
      const c = e.find(
        ({ offset, group }) => offset > (before[partition] ?? 0) && group === undefined,
      );
      const f = afterClaim(e, before[partition] ?? 0);
      console.log(
        partition,
        'claim',
        ((c?.at ?? NaN) - killedAt) / 1000,
        'first',
        ((f?.at ?? NaN) - killedAt) / 1000,
        'entries',
        before[partition],
      );
    }
    const wentOn = dead.owns.map(({ partition }) => {
      const next = afterClaim(entries[partition] ?? [], before[partition] ?? 0);
      return ((next?.at ?? NaN) - killedAt) / 1000;
    });
    report.add({ name: `${name}: partitions it had`, value: wentOn.length, unit: 'partitions' });
    report.add({
      name: `${name}: the other goes on after`,
      value: Math.min(...wentOn),
      unit: 's',
      goal: { atMost: 3 },
    });
    report.add({ name: `${name}: with all of them after`, value: Math.max(...wentOn), unit: 's' });
    reportEnds(report, name, finished, entries);
  });
}

/** Two hosts join two; `npm run bench -- --only join`. */
export async function benchJoin(report: Report, children: Children): Promise<void> {
  await withHosts(children, async ({ hosts: [first, second], members, store }) => {
    await start(first);
    const hosts = [first, second];
    for (const name of ['host-3', 'host-4']) hosts.push(await members.start(hosting(name)));
    await delay(10_000);
    const owned = await Promise.all(
      hosts.map(async (host) => (await hostOf(store, host)).owns.length),
    );
    const name = `${chains} chains, 2 hosts join 2`;
    report.add({
      name: `${name}: most and fewest partitions after 10 s`,
      value: Math.max(...owned) - Math.min(...owned),
      unit: 'apart',
      goal: { atMost: 1 },
    });
    reportEnds(report, name, await complete(store), await allEntries(store));
  });
}

type Deployment = { hosts: [Child, Child]; members: Members; store: Store };

/** Two hosts that own as many partitions each, and a worker. */
async function withHosts(
  children: Children,
  work: (deployment: Deployment) => Promise<void>,
): Promise<void> {
  const [rabbitmq, mongodb] = [await ownRabbitmq(), await ownMongodb()];
  if ('skipped' in rabbitmq) throw new Error(rabbitmq.skipped);
  if ('skipped' in mongodb) throw new Error(mongodb.skipped);
  const url = new URL(mongodb.url);
  url.pathname = `/bench-${randomUUID().slice(0, 8)}`;
  const urls = { amqpUrl: rabbitmq.url, mongodbUrl: url.href };
  const members = new Members(children, { ...urls, prefix: 'bench' });
  try {
    const hosts: [Child, Child] = [
      await members.start(hosting('host-1')),
      await members.start(hosting('host-2')),
    ];
    await members.start({ name: 'worker', roles: ['worker'], slowMs });
    const store = await openMongoStore({ url: url.href, partitions, readonly: true });
    try {
      await balanced(store, hosts);
      await work({ hosts, members, store });
    } finally {
      await store.close();
    }
  } finally {
    await members.close();
    await rabbitmq.stop();
    await mongodb.stop();
  }
}

function hosting(name: string): { name: string; roles: readonly Role[] } {
  return { name, roles: ['gateway', 'host', 'tracker'] };
}

async function balanced(store: Store, hosts: readonly Child[]): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const owned = await Promise.all(
      hosts.map((host) => hostOf(store, host).catch(() => undefined)),
    );
    if (owned.every((host) => host?.owns.length === partitions / hosts.length)) return;
    await delay(100);
  }
  throw new Error('two hosts have not shared the partitions within 30 s');
}

/** What a host writes of itself. */
async function hostOf(store: Store, { process }: Child): Promise<HostDocument> {
  const all = await store.hosts.all();
  const host = all.find(({ name }) => name.endsWith(`:${process.pid}`));
  if (host === undefined) throw new Error(`process ${process.pid} hosts nothing`);
  return host;
}

async function start({ process, next }: Child): Promise<void> {
  process.send({ do: 'start', chains, steps });
  await next();
}

/** How many chains are complete once all are, or a minute has passed. Looks seldom, as each look costs the server. */
async function complete(store: Store): Promise<number> {
  for (let looks = 0; ; looks += 1) {
    const ended = (await store.snapshots.heads(2 * chains)).filter(
      ({ state }) => state === 'complete',
    );
    if (ended.length >= chains || looks === 20) return ended.length;
    await delay(3000);
  }
}

function heads(store: Store): Promise<number[]> {
  return Promise.all(
    Array.from({ length: partitions }, (_, partition) => store.journal.head(partition)),
  );
}

/** By partition. */
async function allEntries(store: Store): Promise<Entry[][]> {
  const all: Entry[][] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const entries: Entry[] = [];
    for await (const entry of store.journal.read(partition, 0)) entries.push(entry);
    all.push(entries);
  }
  return all;
}

/** The first result that the next owner has taken. */
function afterClaim(entries: readonly Entry[], before: number): Entry | undefined {
  const claim = entries.find(({ offset, group }) => offset > before && group === undefined);
  return entries.find(({ token, type }) => token === claim?.token && type === 'attempt.succeeded');
}

/** Each step has one result: the journal has not one more. */
function reportEnds(
  report: Report,
  name: string,
  finished: number,
  entries: readonly Entry[][],
): void {
  const results = entries.flat().filter(({ type }) => type === 'attempt.succeeded');
  const distinct = new Set(
    results.map(({ group = '', to = '', body }) => `${group}/${to}/${attemptOf(body)}`),
  );
  report.add({
    name: `${name}: chains that ended`,
    value: finished,
    unit: 'chains',
    goal: { atLeast: chains },
  });
  report.add({
    name: `${name}: results recorded twice`,
    value: results.length - distinct.size,
    unit: 'results',
    goal: { atMost: 0 },
  });
}

const answerSchema = z.object({ attempt: z.number() });

function attemptOf(body = '{}'): number {
  return answerSchema.parse(JSON.parse(body)).attempt;
}
