/**
 * Program of the benchmark `recovery`: hosts a folder. `fill` starts the chains, lets them run until they are
 * half through, and says so; `recover` tells of the first step, of the release and of the end.
 */
import { z } from 'zod';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { JobHandle } from '../../src/index.ts';
import { ordered, processorS, tell } from './orders.ts';

const { phase, folder, chains, steps } = z
  .object({
    phase: z.enum(['fill', 'recover']),
    folder: z.string(),
    chains: z.number(),
    steps: z.number(),
  })
  .parse(ordered());

let begin = (): void => undefined;
const begun = new Promise<void>((resolve) => (begin = resolve));
let done = 0;
let hasRun = false;

const step = defineJob({
  type: 'step',
  args: z.object({}),
  async run() {
    if (!hasRun && phase === 'recover') tell({ at: 'first', processorS: processorS() });
    hasRun = true;
    if (phase === 'recover') return;
    await begun;
    done += 1;
    if (done === (chains * steps) / 2) tell({ at: 'half' });
    // What the parent kills must not run out of work before.
    if (done > (chains * steps) / 2) await new Promise(() => undefined);
  },
});

const line = defineChain({
  type: 'line',
  args: z.object({}),
  plan({ job }) {
    let before: JobHandle | undefined;
    for (let n = 0; n < steps; n += 1)
      before = job(step, {}, before === undefined ? {} : { after: before });
  },
});

const millrace = createMillrace({ jobs: [step], chains: [line], data: folder, concurrency: 100 });
await millrace.start();
if (phase === 'fill') {
  for (let n = 0; n < chains; n += 500)
    await Promise.all(Array.from({ length: 500 }, () => millrace.client.start(line, {})));
  begin();
} else {
  tell({ at: 'released', processorS: processorS() });
  const { reader } = millrace.client;
  for (;;) {
    const heads = await reader.list(chains + 1);
    if (heads.every(({ active }) => !active)) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  tell({ at: 'complete', processorS: processorS() });
  await millrace.stop();
}
