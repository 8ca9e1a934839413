/** The chain of the benchmarks of many jobs: one into many into one, each with a number as its args and its result. */
import { z } from 'zod';
import { defineChain, defineJob } from '../../src/definitions.ts';

export const numbered = defineJob({
  type: 'step',
  args: z.object({ n: z.number() }),
  run: ({ args }) => ({ n: args.n }),
});

/** `around` is handed the planning, to measure it. */
export function diamondOf(around: (plan: () => void) => void = (plan) => plan()) {
  return defineChain({
    type: 'diamond',
    args: z.object({ jobs: z.number() }),
    plan({ args, job }) {
      around(() => {
        const first = job(numbered, { n: 0 }, { name: 'first' });
        const middle = Array.from({ length: args.jobs - 2 }, (_, n) =>
          job(numbered, { n: n + 1 }, { after: first }),
        );
        job(numbered, { n: args.jobs }, { name: 'last', after: middle });
      });
    },
  });
}
