/** The chains that the benchmarks run: n no-op steps, one after another, in an embedded millrace of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { SqliteStore } from '../../src/adapters/sqlite/store.ts';
import { createMillrace } from '../../src/compose.ts';
import type { Millrace } from '../../src/compose.ts';
import { defineChain, defineJob } from '../../src/definitions.ts';
import type { JobHandle } from '../../src/definitions.ts';

const step = defineJob({ type: 'step', args: z.object({}), run: () => undefined });

/** `steps` jobs that do nothing, each after the one before. */
export const line = defineChain({
  type: 'line',
  args: z.object({ steps: z.number() }),
  plan({ args, job }) {
    let before: JobHandle | undefined;
    for (let n = 0; n < args.steps; n += 1) {
      before = job(step, {}, before === undefined ? {} : { after: before });
    }
  },
});

export type Bench = {
  millrace: Millrace;
  store: SqliteStore;
  folder: string;
  close(): Promise<void>;
};

/** A started millrace over a new folder. */
export async function openBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  let store: SqliteStore | undefined;
  const millrace = createMillrace(
    { jobs: [step], chains: [line], data: folder, concurrency: 100 },
    {
      openStore: ({ data, partitions }) =>
        (store = openSqliteStore({ path: join(data, 'store.db'), partitions })),
    },
  );
  await millrace.start();
  if (store === undefined) throw new Error('the store was not opened');
  const close = async (): Promise<void> => {
    await millrace.stop();
    rmSync(folder, { recursive: true });
  };
  return { millrace, store, folder, close };
}
