/** The tracker alone: how fast it makes read models anew from a journal of short chains, and of a long one. */
import { toConfig } from '../../src/config.ts';
import { rebuildReadModels } from '../../src/openTracked.ts';
import { line, openBench } from './chains.ts';
import { median } from './report.ts';
import type { Report } from './report.ts';

const rounds = 5;

/** Prints entries a second of a rebuild on one core, and how far behind a running host it is. */
export async function benchTracker(report: Report): Promise<void> {
  for (const [chains, steps] of [
    [3000, 10],
    [1, 30_000],
  ] as const) {
    const { millrace, folder, close } = await openBench();
    try {
      const requests = await Promise.all(
        Array.from({ length: chains }, () => millrace.client.start(line, { steps })),
      );
      await Promise.all(requests.map((request) => request.finished()));
      const rates: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const { entries, ms } = await rebuildReadModels(toConfig({ data: folder }));
        rates.push((entries * 1000) / ms);
      }
      report.add({
        name: `tracker rebuilt, ${chains} chains × ${steps} steps`,
        value: median(rates),
        unit: 'entries/s',
        goal: { atLeast: 15_000 },
      });
    } finally {
      await close();
    }
  }
}
