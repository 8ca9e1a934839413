/** 10,000 chains in flight, SIGKILL: how soon the next process is at work again, and that nothing is lost or doubled. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { z } from 'zod';
import type { Children } from './children.ts';
import type { Report } from './report.ts';

const toldSchema = z.object({ at: z.string(), processorS: z.number() });

const chains = 10_000;
const steps = 10;

export async function benchRecovery(report: Report, children: Children): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const orders = { folder, chains, steps };
    const filling = children.start('recovery', { ...orders, phase: 'fill' });
    await filling.next();
    filling.process.kill('SIGKILL');
    await once(filling.process, 'exit');
    const before = performance.now();
    const recovering = children.start('recovery', { ...orders, phase: 'recover' });
    const times = new Map<string, number>();
    for (let n = 0; n < 3; n += 1) {
      const { at, processorS } = toldSchema.parse(await recovering.next());
      times.set(at, (performance.now() - before) / 1000);
      console.log(`  ${at} after ${processorS.toFixed(2)} s of processor time`);
    }
    await once(recovering.process, 'exit');
    const name = `${chains} chains × ${steps} steps, killed half through`;
    const seconds = (at: string): number => times.get(at) ?? NaN;
    report.add({
      name: `${name}: first step`,
      value: seconds('first'),
      unit: 's',
      goal: { atMost: 1 },
    });
    report.add({
      name: `${name}: all released`,
      value: seconds('released'),
      unit: 's',
      goal: { atMost: 6 },
    });
    report.add({ name: `${name}: all ended`, value: seconds('complete'), unit: 's' });
    const { complete, doubled } = ends(join(folder, 'store.db'));
    report.add({
      name: `${name}: complete`,
      value: complete,
      unit: 'chains',
      goal: { atLeast: chains },
    });
    report.add({
      name: `${name}: results recorded twice`,
      value: doubled,
      unit: 'results',
      goal: { atMost: 0 },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the store holds at the end. */
function ends(path: string): { complete: number; doubled: number } {
  const db = new Database(path, {});
  const [row] = db
    .prepare(
      `SELECT (SELECT count(*) FROM heads WHERE state = 'complete') AS complete,
        (SELECT count(*) FROM (SELECT 1 FROM journal WHERE type = 'attempt.succeeded' GROUP BY grp, recipient HAVING count(*) > 1)) AS doubled`,
    )
    .all() as { complete: number; doubled: number }[];
  db.close();
  return row ?? { complete: NaN, doubled: NaN };
}
