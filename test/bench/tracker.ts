/** The tracker alone: how fast it makes read models anew from a journal of short chains, and of a long one. */
import { toConfig } from '../../src/config.ts';
import { rebuildReadModels } from '../../src/openTracked.ts';
import { line, openBench } from './chains.ts';
import { median } from './report.ts';
import type { Report } from './report.ts';

const rounds = 5;

/** Prints how many entries a rebuild folds in a second of one processor. */
export async function benchTracker(report: Report): Promise<void> {
  for (const [chains, steps] of [
    [3000, 10],
    [1, 10_000],
  ] as const) {
    const { millrace, folder, close } = await openBench();
    const config = toConfig({ data: folder });
    try {
      const requests = await Promise.all(
        Array.from({ length: chains }, () => millrace.client.start(line, { steps })),
      );
      await Promise.all(requests.map((request) => request.finished()));
      // Without its host, so that the tracker has the process for itself.
      await millrace.stop();
      const rates: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const before = process.cpuUsage();
        const { entries } = await rebuildReadModels(config);
        const { user, system } = process.cpuUsage(before);
        rates.push((entries * 1_000_000) / (user + system));
      }
      report.add({
        name: `tracker rebuilt, ${chains} chains × ${steps} steps`,
        value: median(rates),
        unit: 'entries/cpu-s',
        goal: { atLeast: 15_000 },
      });
    } finally {
      await close();
    }
  }
}
