/** 100,000 suspended chains: what they take of a host's memory, and how soon one of them runs again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Children } from './children.ts';
import { median } from './report.ts';
import type { Report } from './report.ts';

const chains = 100_000;

const measured = z.object({ mb: z.number(), times: z.array(z.number()) });

export async function benchSuspended(report: Report, children: Children): Promise<void> {
  const hosted = async (count: number): Promise<z.infer<typeof measured>> => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
    try {
      await children.run('suspended', { phase: 'fill', folder, chains: count });
      return measured.parse(
        await children.run('suspended', { phase: 'host', folder, chains: count }),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const none = await hosted(0);
  const all = await hosted(chains);
  report.add({ name: 'a host with no chain, memory', value: none.mb, unit: 'MB' });
  report.add({
    name: `a host with ${chains} suspended chains, memory`,
    value: all.mb,
    unit: 'MB',
    goal: { atMost: none.mb + 20 },
  });
  report.add({
    name: 'resume of one, until its handler runs, median of 20',
    value: median(all.times),
    unit: 'ms',
    goal: { atMost: 20 },
  });
}
