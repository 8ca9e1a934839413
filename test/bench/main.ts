/** `npm run bench [-- --json FILE]`: every figure of the README and ARCHITECTURE; no part of the tests. */
import { parseArgs } from 'node:util';
import { openBullmq } from './bullmq.ts';
import { line, openBench } from './chains.ts';
import { benchLone } from './lone.ts';
import { profile } from './profile.ts';
import { median, Report } from './report.ts';
import { benchTracker } from './tracker.ts';

const rounds = 5;
const chains = 500;
const steps = 10;

/** 500 chains of 10 no-op steps, creation included, against BullMQ in interleaved rounds. */
async function benchThroughput(report: Report): Promise<void> {
  const bench = await openBench();
  const bullmq = await openBullmq(100);
  const run = async (): Promise<number> => {
    const before = performance.now();
    const requests = await Promise.all(
      Array.from({ length: chains }, () => bench.millrace.client.start(line, { steps })),
    );
    await Promise.all(requests.map((request) => request.finished()));
    return performance.now() - before;
  };
  try {
    await run();
    await bullmq.run(chains, steps);
    const times: { ours: number; theirs: number }[] = [];
    for (let n = 0; n < rounds; n += 1)
      times.push({ ours: await run(), theirs: await bullmq.run(chains, steps) });
    const perSecond = (ms: number): number => (chains * steps * 1000) / ms;
    report.add({
      name: `${chains} chains × ${steps} steps, millrace`,
      value: perSecond(median(times.map(({ ours }) => ours))),
      unit: 'steps/s',
    });
    report.add({
      name: `${chains} chains × ${steps} steps, BullMQ flows`,
      value: perSecond(median(times.map(({ theirs }) => theirs))),
      unit: 'steps/s',
    });
    report.add({
      name: 'ratio, median of 5 rounds',
      value: median(times.map(({ ours, theirs }) => theirs / ours)),
      unit: '× BullMQ',
    });
    report.add({
      name: 'ratio, lowest of 5 rounds',
      value: Math.min(...times.map(({ ours, theirs }) => theirs / ours)),
      unit: '× BullMQ',
    });
    console.log('\nWhere a round of ours spends its time:');
    for (const { part, share } of (await profile(run)).slice(0, 12)) {
      console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${part}`);
    }
  } finally {
    await bullmq.close();
    await bench.close();
  }
}

const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
const report = new Report();
report.heading();
const wants = (name: string): boolean => values.only === undefined || values.only === name;
if (wants('lone')) await benchLone(report);
if (wants('throughput')) await benchThroughput(report);
if (wants('tracker')) await benchTracker(report);
if (values.json !== undefined) report.write(values.json);
