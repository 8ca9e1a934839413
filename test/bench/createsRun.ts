/**
 * Program of the benchmark `creates`: hosts a folder with its API until it is killed. Without workers its one
 * attempt waits for ever, and no other is begun. Asked by a message, it tells the processor time it has had.
 */
import { z } from 'zod';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { JobHandle } from '../../src/index.ts';
import { ordered, processorS, tell } from './orders.ts';

const { folder, steps, hasWorkers } = z
  .object({ folder: z.string(), steps: z.number(), hasWorkers: z.boolean() })
  .parse(ordered());

const step = defineJob({
  type: 'step',
  args: z.object({ host: z.string() }),
  run: () => (hasWorkers ? undefined : new Promise(() => undefined)),
});

const line = defineChain({
  type: 'line',
  args: z.object({ host: z.string() }),
  plan({ args, job }) {
    let before: JobHandle | undefined;
    for (let n = 0; n < steps; n += 1)
      before = job(step, args, before === undefined ? {} : { after: before });
  },
});

const settings = { data: folder, concurrency: hasWorkers ? 100 : 1, api: { port: 0 } };
const millrace = createMillrace({ jobs: [step], chains: [line], ...settings });
await millrace.start();
tell({ url: millrace.apiUrl });
process.on('message', () => tell({ processorS: processorS() }));
