/** Many chains at once against BullMQ flows, in interleaved rounds: steps a second, and how far behind the tracker falls. */
import { toConfig } from '../../src/config.ts';
import { openTracked } from '../../src/openTracked.ts';
import type { OpenTracked } from '../../src/openTracked.ts';
import { openBullmq } from './bullmq.ts';
import { line, openBench } from './chains.ts';
import { profile } from './profile.ts';
import { median } from './report.ts';
import type { Report } from './report.ts';

const rounds = 5;
const chains = 500;
const steps = 10;

/** 500 chains of 10 no-op steps, creation included; with schemas, tracker and read models. */
export async function benchThroughput(report: Report): Promise<void> {
  const bench = await openBench();
  const bullmq = await openBullmq(100);
  const tracked = await openTracked(toConfig({ data: bench.folder }));
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
    const times: { ours: number; lag: number; theirs: number }[] = [];
    for (let n = 0; n < rounds; n += 1) {
      const ours = await run();
      // Their round must not pay for what ours has left to do.
      const lag = await caughtUp(tracked);
      times.push({ ours, lag, theirs: await bullmq.run(chains, steps) });
    }
    const name = `${chains} chains × ${steps} steps`;
    report.compare({ name, jobs: chains * steps, rounds: times, atLeast: 3 });
    report.add({
      name: 'read models behind the last chain, median',
      value: median(times.map(({ lag }) => lag)),
      unit: 'ms',
    });
    console.log('\nWhere a round of ours spends its time:');
    for (const { part, share } of (await profile(run)).slice(0, 12)) {
      console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${part}`);
    }
    console.log();
  } finally {
    await tracked.close();
    await bullmq.close();
    await bench.close();
  }
}

/** Milliseconds until the read models have all that is in the journal. */
async function caughtUp(tracked: OpenTracked): Promise<number> {
  const before = performance.now();
  while ((await tracked.behind()) > 0) await new Promise(setImmediate);
  return performance.now() - before;
}
