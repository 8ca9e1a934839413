/**
 * A fault, struck again and again at moments that follow from a seed, while chains run on a cluster: each
 * suite in test/faults/cluster is one fault. `SEEDS=100` for more, `SEED=n` for one.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../../src/protocol/errors.ts';
import { isTerminal } from '../../../src/protocol/states.ts';
import { below, chainOf, disturbedAfter, randomOf } from '../crashChain.ts';
import type { CrashChain, Random } from '../crashChain.ts';
import { eventually } from '../eventually.ts';
import type { Cluster, ClusterOptions } from './cluster.ts';
import { missing, useCluster } from './fixture.ts';
import type { Urls } from './fixture.ts';
import { harmDone, judge } from './judge.ts';
import type { Harm } from './judge.ts';

export type Struck = {
  cluster: Cluster;
  /** The first of those that are struck together. */
  seed: number;
  random: Random;
  /** Of these seeds, under way. */
  chains: readonly CrashChain[];
};

export type Fault = {
  /** Of the table. */
  name: string;
  /** How many seeds one blow strikes; default 1. More where each blow takes long. */
  together?: number;
  /** What publishers have said may be lost with its queue: it strikes when all chains are there. */
  losesCommands?: boolean;
  /** Longer than a stop may take: none is stopped or suspended, as that would fail its jobs. */
  isLong?: boolean;
  /** Members beside the test; default: two hosts with gateway and tracker, two workers. */
  open?(cluster: Cluster): Promise<void>;
  /** Does the harm, and puts it right again where the cluster cannot: starts anew what it killed. */
  strike(struck: Struck): Promise<void>;
  /** After all. */
  close?(): Promise<void>;
  options?: Partial<ClusterOptions>;
  /** Servers of its own, to be broken; default: those that all files share. */
  urls?: () => Promise<Urls> | Urls;
};

/** Of one blow. */
type Row = Harm & {
  seeds: number;
  chains: number;
  recoveryMs: number;
  /** Why it is not right. */
  failure?: unknown;
};

const usualSeeds = 20;

const one = process.env['SEED'];

/** Two hosts, two workers. */
export async function openPairs(cluster: Cluster): Promise<void> {
  await Promise.all([
    cluster.start('host-1', ['gateway', 'host', 'tracker']),
    cluster.start('host-2', ['gateway', 'host', 'tracker']),
    cluster.start('worker-1', ['worker']),
    cluster.start('worker-2', ['worker']),
  ]);
}

/** Declares the suite of a fault. */
export function faultSuite(fault: Fault): void {
  const { name, open = openPairs, options, urls, together = 1 } = fault;
  const count = Number(process.env['SEEDS'] ?? usualSeeds);
  const seeds = one === undefined ? Array.from({ length: count }, (_, n) => n) : [Number(one)];
  const blows: number[][] = [];
  for (let from = 0; from < seeds.length; from += together)
    blows.push(seeds.slice(from, from + together));
  const skipped = missing();

  describe.skipIf(skipped !== undefined)(`${name} ${skipped ?? ''}`, () => {
    const cluster = useCluster(open, { ...options, ...(urls !== undefined && { urls }) });
    const rows: Row[] = [];

    afterAll(async () => {
      await fault.close?.();
      print(name, rows);
    });

    it.each(blows.map((blow): [string, number[]] => [blow.join(', '), blow]))(
      'seed %s: every chain ends right, nothing is recorded twice',
      async (_, blow) => {
        const row = await trial(fault, cluster(), blow);
        rows.push(row);
        if (row.failure === undefined) return;
        const [seed = 0] = blow;
        await keepJournal(cluster(), seed);
        const where = `SEED=${seed}, kept in ${cluster().folder}`;
        throw new Error(`${where}: ${messageOf(row.failure)}`, { cause: row.failure });
      },
      120_000,
    );

    it('every seed was judged', () => {
      expect(rows.reduce((sum, row) => sum + row.seeds, 0)).toBe(seeds.length);
    });
  });
}

async function trial(fault: Fault, cluster: Cluster, seeds: readonly number[]): Promise<Row> {
  const [seed = 0] = seeds;
  const random = randomOf(`${fault.name}/${seed}`);
  const indexes = fault.isLong === true ? [0, 2] : [0, 1, 2, 3];
  const args = seeds.flatMap((each) => indexes.map((index) => ({ seed: each, index })));
  const chains = args.map((each) => chainOf(each.seed, each.index));
  const before = cluster.executions().filter(({ what }) => what === 'start').length;
  await Promise.all(chains.map(({ id }, place) => cluster.create(id, args[place] ?? {})));
  const disturbing = chains.map((chain) => disturb(cluster, chain));
  await cluster.begun(before + 1 + below(random, 6));
  if (fault.losesCommands === true) await known(cluster, chains);
  const struckAt = performance.now();
  await fault.strike({ cluster, seed, random, chains });
  const failures: unknown[] = [];
  const note = (cause: unknown): void => void failures.push(cause);
  await Promise.all([...disturbing, cluster.ended(chains)]).catch(note);
  const recoveryMs = performance.now() - struckAt;
  const harm = await harmDone(cluster, chains);
  if (failures.length === 0) await judge(cluster, chains).catch(note);
  const row = { seeds: seeds.length, chains: chains.length, recoveryMs, ...harm };
  return failures.length === 0 ? row : { ...row, failure: failures[0] };
}

/** The whole journal, a line an entry, beside what the members have logged. */
async function keepJournal({ store, folder }: Cluster, seed: number): Promise<void> {
  const lines: string[] = [];
  for (let partition = 0; partition < store.partitions; partition += 1) {
    for await (const entry of store.journal.read(partition, 0)) lines.push(JSON.stringify(entry));
  }
  writeFileSync(join(folder, `journal-${seed}.jsonl`), `${lines.join('\n')}\n`);
}

/** What a chain's role says: it is stopped, or suspended and resumed, once enough of its attempts have begun. */
async function disturb(cluster: Cluster, { id, role }: CrashChain): Promise<void> {
  if (role === 'plain') return;
  await poll(cluster, id, () => begunIn(cluster, id) >= disturbedAfter(id));
  await cluster.command(id, `request.${role}`);
  if (role === 'stop') return;
  // Again where the fault has eaten the command: to send it again is its publisher's part.
  while (!isTerminal((await cluster.state(id)) ?? '')) {
    await poll(cluster, id, (state) => state === 'SUSPENDED');
    if ((await cluster.state(id)) === 'SUSPENDED') await cluster.command(id, 'request.resume');
    await left(cluster, id);
  }
}

/** Until the chain is no longer suspended, for at most 2 s. */
async function left(cluster: Cluster, id: string): Promise<void> {
  const isLeft = async (): Promise<void> => {
    if ((await cluster.state(id)) === 'SUSPENDED') throw new Error(`${id} is SUSPENDED`);
  };
  await eventually(isLeft, 2000, 50).catch(() => undefined);
}

/** Until the store knows all chains. */
async function known(cluster: Cluster, chains: readonly CrashChain[]): Promise<void> {
  for (const { id } of chains) await poll(cluster, id, (state) => state !== '');
}

/** Until it is so, or the chain has ended. */
async function poll(cluster: Cluster, id: string, isSo: (state: string) => boolean): Promise<void> {
  await eventually(
    async () => {
      const state = (await cluster.state(id)) ?? '';
      if (!isTerminal(state) && !isSo(state)) throw new Error(`${id} is ${state}`);
    },
    60_000,
    50,
  );
}

function begunIn(cluster: Cluster, id: string): number {
  return cluster
    .executions()
    .filter(({ what, key }) => what === 'start' && key.startsWith(`${id}/`)).length;
}

/** A line of the fault table. */
function print(name: string, rows: readonly Row[]): void {
  const sum = (of: 'seeds' | 'chains' | 'lost' | 'doubled'): number =>
    rows.reduce((all, row) => all + row[of], 0);
  const times = rows.map(({ recoveryMs }) => recoveryMs).sort((a, b) => a - b);
  const at = (share: number): string => {
    const ms = times[Math.min(times.length - 1, Math.floor(share * times.length))];
    return ms === undefined ? '–' : `${(ms / 1000).toFixed(1)} s`;
  };
  const counts = `${sum('seeds')} seeds, ${sum('chains')} chains, ${sum('lost')} lost, ${sum('doubled')} doubled`;
  const ends = `ends after the fault: median ${at(0.5)}, worst ${at(1)}`;
  process.stdout.write(`${name.padEnd(44)} ${counts}, ${ends}\n`);
}
