/** One chain of 100,000 jobs against 1,000 of 100: cost a job, memory, what holds up the event loop, bytes of snapshots. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { createMillrace } from '../../src/compose.ts';
import type { Children } from './children.ts';
import { diamondOf, numbered } from './diamond.ts';
import type { Report } from './report.ts';
import { bytesStored } from './stored.ts';

const jobs = 100_000;

const measured = z.object({
  usAJob: z.number(),
  processorUsAJob: z.number(),
  plannedMs: z.number(),
  peakMb: z.number(),
  stalls: z.array(
    z.object({ ms: z.number(), what: z.array(z.object({ what: z.string(), ms: z.number() })) }),
  ),
});

export async function benchLarge(report: Report, children: Children): Promise<void> {
  const run = async (chains: number, isProfiled = false) =>
    measured.parse(await children.run('large', { chains, jobs: jobs / chains, isProfiled }));
  const many = await run(1000);
  const one = await run(1);
  for (const [name, { usAJob, processorUsAJob, plannedMs, peakMb, stalls }] of [
    ['1,000 chains × 100 jobs', many],
    ['1 chain × 100,000 jobs', one],
  ] as const) {
    report.add({ name: `${name}: a job`, value: usAJob, unit: 'µs' });
    report.add({ name: `${name}: a job, processor`, value: processorUsAJob, unit: 'µs' });
    report.add({ name: `${name}: plan() of the user`, value: plannedMs, unit: 'ms' });
    report.add({ name: `${name}: memory`, value: peakMb, unit: 'MB', goal: { atMost: 450 } });
    const longest = stalls[0]?.ms ?? 0;
    report.add({
      name: `${name}: longest stall`,
      value: longest,
      unit: 'ms',
      goal: { atMost: 50 },
    });
  }
  const ratio = one.usAJob / many.usAJob;
  report.add({ name: 'large against many, a job', value: ratio, unit: '×', goal: { atMost: 1.3 } });
  const { stalls } = await run(1, true);
  for (const { ms, what } of stalls.slice(0, 3)) {
    const parts = what.slice(0, 4).map((part) => `${part.what} ${part.ms.toFixed(0)} ms`);
    console.log(`  a stall of ${ms.toFixed(0)} ms, profiled: ${parts.join(', ')}`);
  }
}

const diamond = diamondOf();

/** All that one chain leaves in snapshots and chunks, its plan included, in a store of its own. */
async function snapshotBytesAJob(size: number): Promise<number> {
  const data = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const path = join(data, 'store.db');
  const millrace = createMillrace(
    { jobs: [numbered], chains: [diamond], data, concurrency: 100 },
    { openStore: ({ partitions }) => openSqliteStore({ path, partitions }) },
  );
  await millrace.start();
  await (await millrace.client.start(diamond, { jobs: size })).finished();
  await millrace.stop();
  const bytes = bytesStored(path);
  rmSync(data, { recursive: true });
  return bytes / size;
}

export async function benchSnapshots(report: Report): Promise<void> {
  const small = await snapshotBytesAJob(100);
  const large = await snapshotBytesAJob(jobs);
  report.add({ name: 'snapshots of 100 jobs, a job', value: small, unit: 'bytes' });
  report.add({
    name: 'snapshots of 100,000 jobs, a job',
    value: large,
    unit: 'bytes',
    goal: { atMost: 1.3 * small },
  });
}
