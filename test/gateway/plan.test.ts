/** Plans: from a chain's `plan` to the jobs, parents and sequences that the chain machine runs. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Plan } from '../../machines/graph.ts';
import { defineChain, defineJob } from '../../src/definitions.ts';
import type { JobDefinition, PlanContext } from '../../src/definitions.ts';
import { planChain } from '../../src/gateway/plan.ts';
import { suggest } from '../../src/gateway/suggest.ts';

const work = defineJob({ type: 'work', args: z.unknown(), run: () => undefined });
const hash = defineJob({
  type: 'hash-file',
  args: z.object({ path: z.string(), size: z.coerce.number().default(7) }),
  retry: { attempts: 3, waitMs: 50 },
  timeoutMs: 900,
  run: () => 'abc',
});
const jobs = new Map<string, JobDefinition>(
  [work, hash].map((job) => [job.type, job as JobDefinition]),
);

function planned(body: (context: PlanContext<unknown>) => void | Promise<void>): Promise<Plan> {
  const chain = defineChain({ type: 'demo', args: z.unknown(), maxStarted: 9, plan: body });
  return planChain(chain, {}, jobs);
}

/** Parents by name. */
async function edges(
  body: (context: PlanContext<unknown>) => void,
): Promise<Record<string, string[]>> {
  const plan = await planned(body);
  return Object.fromEntries(
    plan.jobs.map(({ name, parents }) => [
      name,
      parents.map((parent) => plan.jobs[parent]?.name ?? '?'),
    ]),
  );
}

describe('jobs', () => {
  test('a job has its definition’s retry and time-out, unless the plan gives others', async () => {
    const { jobs: list, maxStarted } = await planned(({ job }) => {
      const first = job(hash, { path: 'a' });
      job(
        hash,
        { path: 'b' },
        { name: 'b', after: [first, first], retry: { attempts: 1 }, timeoutMs: 5 },
      );
    });
    expect(maxStarted).toBe(9);
    expect(list).toEqual([
      {
        name: 'hash-file-1',
        type: 'hash-file',
        args: { path: 'a' },
        parents: [],
        retries: 2,
        retryWaitMs: 50,
        timeoutMs: 900,
      },
      {
        name: 'b',
        type: 'hash-file',
        args: { path: 'b' },
        parents: [0],
        retries: 0,
        retryWaitMs: 50,
        timeoutMs: 5,
      },
    ]);
  });

  test('args are stored as they were given, not as the schema made them', async () => {
    const { jobs: list } = await planned(({ job }) => {
      job(hash, { path: 'a', size: '12', more: undefined } as { path: string });
    });
    expect(list[0]?.args).toEqual({ path: 'a', size: '12' });
  });

  test('a default name never takes one that was given', async () => {
    const names = await edges(({ job }) => {
      job(work, 1, { name: 'work-1' });
      job(work, 2);
    });
    expect(Object.keys(names)).toEqual(['work-1', 'work-2']);
  });

  test('a job may come after one that is added later', async () => {
    const parents = await edges(({ job }) => {
      job(work, 1, { name: 'a', after: 'b' });
      job(work, 2, { name: 'b' });
    });
    expect(parents).toEqual({ a: ['b'], b: [] });
  });

  test('another definition object of a registered type is fine', async () => {
    const copy = defineJob({ type: 'work', args: z.unknown(), run: () => 1 });
    expect((await planned(({ job }) => void job(copy, 1))).jobs).toHaveLength(1);
  });

  test('an async plan is waited for', async () => {
    const plan = await planned(async ({ job }) => {
      await Promise.resolve();
      job(work, 1);
    });
    expect(plan.jobs).toHaveLength(1);
  });

  test('100,000 jobs with one fan-in are planned in a few seconds at most', async () => {
    const before = performance.now();
    const plan = await planned(({ job }) => {
      const files = Array.from({ length: 100_000 }, (_, index) => job(hash, { path: `f${index}` }));
      job(work, null, { name: 'merge', after: files });
    });
    expect(plan.jobs.at(-1)?.parents).toHaveLength(100_000);
    expect(performance.now() - before).toBeLessThan(5000);
  });
});

describe('sequences', () => {
  test('a sequence begins before its first jobs and ends after its last', async () => {
    const plan = await planned(({ job, sequence }) => {
      const value = sequence('s', { retries: 2, waitMs: 5 }, () => {
        const a = job(work, 1, { name: 'a' });
        job(work, 1, { name: 'b', after: a });
        return 'back';
      });
      expect(value).toBe('back');
    });
    expect(plan.sequences).toEqual([{ name: 's', first: 0, retries: 2, waitMs: 5 }]);
    expect(
      plan.jobs.map(({ name, type, parents, sequence }) => ({ name, type, parents, sequence })),
    ).toEqual([
      { name: 'sequence_s_begin', type: 'noop', parents: [], sequence: 0 },
      { name: 'a', type: 'work', parents: [0], sequence: 0 },
      { name: 'b', type: 'work', parents: [1], sequence: 0 },
      { name: 'sequence_s_end', type: 'noop', parents: [2], sequence: 0 },
    ]);
    expect(plan.jobs[0]?.args).toBeNull();
  });

  test('what depends on a job inside waits for the whole sequence, and what a job inside needs is waited for by its begin', async () => {
    const parents = await edges(({ job, sequence }) => {
      const before = job(work, 1, { name: 'before' });
      const [a] = sequence('s', {}, () => [
        job(work, 1, { name: 'a' }),
        job(work, 1, { name: 'b', after: before }),
      ]);
      job(work, 1, { name: 'after', after: a });
    });
    expect(parents).toEqual({
      before: [],
      sequence_s_begin: ['before'],
      a: ['sequence_s_begin'],
      b: ['before', 'sequence_s_begin'],
      sequence_s_end: ['a', 'b'],
      after: ['a', 'sequence_s_end'],
    });
  });

  test('a nested sequence stands in the outer one like a job', async () => {
    const plan = await planned(({ job, sequence }) => {
      sequence('out', {}, () => {
        const x = sequence('in', {}, () => job(work, 1, { name: 'x' }));
        job(work, 1, { name: 'y', after: x });
      });
      job(work, 1, { name: 'z', after: 'x' });
    });
    const names = plan.jobs.map(({ name }) => name);
    const parents = Object.fromEntries(
      plan.jobs.map((job) => [job.name, job.parents.map((n) => names[n])]),
    );
    expect(parents).toEqual({
      sequence_out_begin: [],
      sequence_in_begin: ['sequence_out_begin'],
      x: ['sequence_in_begin'],
      sequence_in_end: ['x'],
      y: ['x', 'sequence_in_end'],
      sequence_out_end: ['y'],
      z: ['x', 'sequence_out_end'],
    });
    expect(plan.sequences[1]).toMatchObject({ name: 'in', parent: 0, first: 1 });
    expect(plan.jobs[3]?.sequence).toBe(1);
  });

  test('a sequence that needs another waits for its end', async () => {
    const parents = await edges(({ job, sequence }) => {
      const a = sequence('one', {}, () => job(work, 1, { name: 'a' }));
      sequence('two', {}, () => job(work, 1, { name: 'b', after: a }));
    });
    expect(parents['sequence_two_begin']).toEqual(['a', 'sequence_one_end']);
    expect(parents['b']).toEqual(['a', 'sequence_one_end', 'sequence_two_begin']);
  });
});

describe('a plan is refused, with the remedy, when', () => {
  const refused: [string, (context: PlanContext<unknown>) => void | Promise<void>, RegExp][] = [
    [
      'a job type is not registered',
      ({ job }) => void job(defineJob({ type: 'wrk', args: z.unknown(), run: () => 1 }), 1),
      /chain "demo": job type "wrk" is not registered \(did you mean "work"\?\).*createMillrace\(\{ jobs/,
    ],
    [
      'jobs wait for each other',
      ({ job }) => {
        job(work, 1, { name: 'a', after: 'b' });
        job(work, 1, { name: 'b', after: 'a' });
      },
      /(a → b → a|b → a → b)/,
    ],
    ['a job waits for itself', ({ job }) => void job(work, 1, { name: 'a', after: 'a' }), /a → a/],
    [
      'a dependency is unknown',
      ({ job }) => {
        job(work, 1, { name: 'merge' });
        job(work, 1, { name: 'b', after: 'mergee' });
      },
      /"b" comes after "mergee".*did you mean "merge"/,
    ],
    [
      'two jobs have one name',
      ({ job }) => {
        job(work, 1, { name: 'a' });
        job(work, 1, { name: 'a' });
      },
      /two jobs are named "a"/,
    ],
    ['a name is empty', ({ job }) => void job(work, 1, { name: '' }), /empty name/],
    [
      'a name is over 200 bytes',
      ({ job }) => void job(work, 1, { name: 'ä'.repeat(101) }),
      /over 200 bytes/,
    ],
    [
      'args do not fit',
      ({ job }) => void job(hash, { path: 1, size: 'x' } as never, { name: 'h' }),
      /job "h" \(hash-file\).*args\.path: .*args\.size: /,
    ],
    [
      'args are not JSON',
      ({ job }) => void job(work, { at: new Date(0) }, { name: 'w' }),
      /job "w".*args\.at is a Date; give JSON only/,
    ],
    [
      'a sequence has no jobs',
      ({ sequence }) => sequence('s', {}, () => undefined),
      /sequence "s" has no jobs/,
    ],
    [
      'two sequences have one name',
      ({ job, sequence }) => {
        sequence('s', {}, () => job(work, 1));
        sequence('s', {}, () => job(work, 1));
      },
      /two sequences are named "s"/,
    ],
    [
      'a sequence body is async',
      async ({ sequence }) => {
        await sequence('s', {}, async () => Promise.reject(new Error('no')));
      },
      /body of sequence "s" is async/,
    ],
    [
      'a number is negative',
      ({ job }) => void job(work, 1, { name: 'a', retry: { waitMs: -1 } }),
      /retry\.waitMs of job "a" must be a whole number of at least 0/,
    ],
    [
      'a sequence’s retries are negative',
      ({ job, sequence }) => void sequence('s', { retries: -1 }, () => job(work, 1)),
      /retries of sequence "s"/,
    ],
    [
      'its problem was caught',
      ({ job }) => {
        try {
          job(work, 1, { name: '' });
        } catch {
          job(work, 1);
        }
      },
      /empty name/,
    ],
  ];
  test.each(refused)('%s', async (_, body, message) => {
    await expect(planned(body)).rejects.toMatchObject({
      code: 'plan',
      message: expect.stringMatching(message) as string,
    });
  });

  test('the plan throws: message and cause are kept', async () => {
    const cause = new Error('no such folder');
    const throwing = planned(() => {
      throw cause;
    });
    await expect(throwing).rejects.toMatchObject({
      code: 'plan',
      cause,
      message: expect.stringContaining('no such folder') as string,
    });
  });

  test('the args of the request do not fit', async () => {
    const chain = defineChain({
      type: 'c',
      args: z.object({ dir: z.string() }),
      plan: () => undefined,
    });
    await expect(planChain(chain, { dir: 1 }, jobs)).rejects.toThrow(
      /chain "c": the args of the request.*args\.dir: /,
    );
  });

  test('it has more than 1,000,000 jobs', async () => {
    await expect(
      planned(({ job }) => {
        for (let index = 0; index <= 1_000_000; index += 1) job(work, null);
      }),
    ).rejects.toThrow(/1000000 jobs; split the chain/);
  }, 60_000);
});

test('a suggestion is near, or none is made', () => {
  expect(suggest('hash-fle', ['merge', 'hash-file'])).toBe('hash-file');
  expect(suggest('zzzzzz', ['merge', 'hash-file'])).toBeUndefined();
});
