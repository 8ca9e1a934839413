/**
 * One chain alone: latency from creation to its end against the cost of a commit measured in between,
 * and what it counts: commits, entries, bytes.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { Entry } from '../../src/ports/journal.ts';
import { openBullmq } from './bullmq.ts';
import type { Bullmq } from './bullmq.ts';
import { line, openBench } from './chains.ts';
import type { Bench } from './chains.ts';
import { median, percentile } from './report.ts';
import type { Report } from './report.ts';

const rounds = 5;
/** Of a round. */
const samples = 60;
/** Enough for the compiler to have seen all of it. */
const warmUp = 500;

/** Prints p50 and p99 of lone chains with 3 and 10 steps, beside BullMQ's, and their counts. */
export async function benchLone(report: Report): Promise<void> {
  const bench = await openBench();
  const bullmq = await openBullmq(100);
  const commit = commitTimer(bench.folder);
  try {
    for (const steps of [3, 10]) await latency(report, bench, { steps, commit, bullmq });
    await counts(report, bench);
  } finally {
    await bullmq.close();
    await bench.close();
  }
}

async function latency(
  report: Report,
  { millrace }: Bench,
  { steps, commit, bullmq }: { steps: number; commit: () => number; bullmq: Bullmq },
): Promise<void> {
  const ours = async (): Promise<number> => {
    const before = performance.now();
    const request = await millrace.client.start(line, { steps });
    await request.finished();
    return performance.now() - before;
  };
  const theirs = (): Promise<number> => bullmq.run(1, steps);
  await sampled(warmUp, ours);
  await sampled(warmUp, theirs);
  const commits: number[] = [];
  const committing = async (): Promise<number> => {
    commits.push(commit());
    return ours();
  };
  const each: { ours: number[]; theirs: number[] }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // In turns who is first. Each is alone while it is measured: run in between, the other would cost it cache and collections.
    const theirsFirst = round % 2 === 1 ? await sampled(samples, theirs) : undefined;
    const measured = await sampled(samples, committing);
    each.push({ ours: measured, theirs: theirsFirst ?? (await sampled(samples, theirs)) });
  }
  const chains = each.map((round) => median(round.ours));
  const p99 = percentile(
    each.flatMap((round) => round.ours),
    0.99,
  );
  const c = median(commits);
  report.add({ name: `commit of one row, p50 (beside ${steps} steps)`, value: c, unit: 'ms' });
  report.add({
    name: `lone chain of ${steps} steps, p50`,
    value: median(chains),
    unit: 'ms',
    goal: { atMost: (steps + 1) * c + 0.3 * steps },
  });
  report.add({
    name: `lone chain of ${steps} steps against BullMQ's, p50`,
    value: median(each.map((round) => median(round.ours) / median(round.theirs))),
    unit: '× BullMQ',
    // Where a commit takes longer, it is the disk that is compared.
    ...(c <= 0.5 && { goal: { atMost: 1 } }),
  });
  report.add({
    name: `lone chain of ${steps} steps, p99`,
    value: p99,
    unit: 'ms',
  });
}

/** Milliseconds of so many runs, one after another. */
async function sampled(count: number, run: () => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) times.push(await run());
  return times;
}

/** Times one commit of one row in a file beside the store, with the store's own settings. */
export function commitTimer(folder: string): () => number {
  const db = new Database(join(folder, 'commit.db'), {});
  db.exec(
    'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT)',
  );
  const insert = db.prepare('INSERT INTO row (text) VALUES (?)');
  return () => {
    const before = performance.now();
    insert.run(['x'.repeat(200)]);
    return performance.now() - before;
  };
}

async function counts(report: Report, { millrace, store, folder }: Bench): Promise<void> {
  const steps = 10;
  const differences: number[] = [];
  for (let n = 0; n < 20; n += 1) {
    await store.flush();
    const before = store.stats().commits;
    await (await millrace.client.start(line, { steps })).finished();
    differences.push(store.stats().commits - before);
  }
  report.add({
    name: `commits of a lone chain of ${steps} steps, median of 20`,
    value: median(differences),
    unit: 'commits',
    goal: { atMost: steps + 1 },
  });
  const request = await millrace.client.start(line, { steps });
  await request.finished();
  const entries: Entry[] = [];
  for (let partition = 0; partition < store.partitions; partition += 1) {
    for await (const entry of store.journal.read(partition, 0)) entries.push(entry);
  }
  const ofRequest = entries.filter(({ group }) => group === request.id);
  report.add({
    name: 'entries per job, creation included',
    value: ofRequest.length / steps,
    unit: 'entries',
  });
  report.add({
    name: 'journal bytes an entry beside user data',
    value: await bytesAnEntry(entries, folder),
    unit: 'bytes',
    goal: { atMost: 300 },
  });
}

/** Appends the same entries to a new store and looks at the pages of its file. */
async function bytesAnEntry(entries: readonly Entry[], folder: string): Promise<number> {
  const path = join(folder, 'bytes.db');
  const store = openSqliteStore({ path, partitions: 16 });
  const empty = usedBytes(path);
  for (let partition = 0; partition < store.partitions; partition += 1) {
    const part = entries.filter((entry) => entry.partition === partition);
    if (part.length > 0) await store.journal.append(part);
  }
  const user = entries.reduce(
    (sum, { body = '', type }) => sum + (type === 'chain.create' ? body.length : 0),
    0,
  );
  const bytes = (usedBytes(path) - empty - user) / entries.length;
  await store.close();
  rmSync(path);
  return bytes;
}

function usedBytes(path: string): number {
  const db = new Database(path, {});
  const [pages] = db
    .prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size')
    .all() as { bytes: number }[];
  db.close();
  return pages?.bytes ?? NaN;
}
