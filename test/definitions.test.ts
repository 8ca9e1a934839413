/** What may be declared: a job is a function or a program, never something of both. */
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../src/definitions.ts';
import type { JobContext, JobDefinition } from '../src/definitions.ts';

const args = z.object({ path: z.string() });

test('a job’s result has the type of what its handler returns, or of what its result makes', () => {
  const handler = defineJob({ type: 'a', args, run: async ({ args: { path } }) => path.length });
  const program = defineJob({
    type: 'b',
    args,
    command: ({ args: { path } }) => ['wc', path],
    result: ({ stdout }) => ({ lines: Number(stdout) }),
  });
  const silent = defineJob({ type: 'c', args, command: ({ args: { path } }) => ['rm', path] });
  expectTypeOf(handler).toEqualTypeOf<JobDefinition<typeof args, number>>();
  expectTypeOf(program).toEqualTypeOf<JobDefinition<typeof args, { lines: number }>>();
  const resultsOf: JobContext<unknown>['resultsOf'] = () => [];
  expectTypeOf(resultsOf(program)).toEqualTypeOf<{ lines: number }[]>();
  expectTypeOf(resultsOf(silent)).toEqualTypeOf<null[]>();
});

test('neither type checker nor defineJob takes a mixture', () => {
  const run = (): void => undefined;
  const command = (): string[] => ['true'];
  // @ts-expect-error -- one of the two
  expect(() => defineJob({ type: 'x', args, run, command })).toThrow(
    'job "x" has run and command; keep one of them',
  );
  // @ts-expect-error -- a program is isolated anyway
  expect(() => defineJob({ type: 'x', args, command, isolate: true })).toThrow(
    'job "x" has isolate beside command; it belongs to run, leave it out',
  );
  // @ts-expect-error -- a handler has its own result
  expect(() => defineJob({ type: 'x', args, run, result: () => 1 })).toThrow(
    'job "x" has result beside run; it belongs to command, leave it out',
  );
  // @ts-expect-error -- nothing to do
  expect(() => defineJob({ type: 'x', args })).toThrow('job "x" needs a function: run for');
});
