/** Program of the benchmark `large`: chains of one job into many into one, warm, in an embedded millrace. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createMillrace } from '../../src/index.ts';
import { diamondOf, numbered } from './diamond.ts';
import { ordered, processorS, residentMb, tell } from './orders.ts';
import { LoopProbe, profiled } from './stalls.ts';
import type { Stall } from './stalls.ts';

const { chains, jobs, isProfiled } = z
  .object({ chains: z.number(), jobs: z.number(), isProfiled: z.boolean().default(false) })
  .parse(ordered());

const probe = new LoopProbe();
let plannedMs = 0;

const diamond = diamondOf((plan) => {
  const before = performance.now();
  probe.pause();
  plan();
  probe.resume();
  plannedMs += performance.now() - before;
});

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const millrace = createMillrace({
  jobs: [numbered],
  chains: [diamond],
  data: folder,
  concurrency: 100,
});
await millrace.start();
const { client } = millrace;

async function run(count: number, each: number): Promise<void> {
  const requests = await Promise.all(
    Array.from({ length: count }, () => client.start(diamond, { jobs: each })),
  );
  await Promise.all(requests.map((request) => request.finished()));
}

await run(200, 100);
await run(1, 10_000);
plannedMs = 0;
const processorBefore = processorS();
probe.start();
const started = performance.now();
let stalls: Stall[] = [];
const work = async (): Promise<void> => {
  await run(chains, jobs);
  stalls = probe.stop();
};
const explain = isProfiled ? await profiled(work) : undefined;
if (explain === undefined) await work();
const ms = performance.now() - started;
const processorMs = (processorS() - processorBefore) * 1000;
const peakMb = residentMb('VmHWM');
await millrace.stop();
rmSync(folder, { recursive: true });
const each = 1000 / (chains * jobs);
tell({
  usAJob: (ms - plannedMs) * each,
  processorUsAJob: (processorMs - plannedMs) * each,
  plannedMs,
  peakMb,
  stalls: stalls.map((stall) => ({ ms: stall.ms, what: explain?.(stall) ?? [] })),
});
