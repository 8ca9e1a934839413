/** From a request to its jobs (specification 6): wrappers, names, order, sequences, repetitions, conditionals. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { edges, jobNamed, lookup, planned, sequenceOf } from './plans.ts';

const request = (body: string, more = ''): string =>
  `sequences:\n  r:\n    request: true\n    ${body}\n${more}`;

describe('wrappers', () => {
  test('a request of two jobs has these and four no-ops', async () => {
    const plan = await planned(
      request('nodes: {a: {category: job, type: work}, b: {category: job, type: work, deps: [a]}}'),
    );
    expect(edges(plan)).toEqual([
      'request_r_begin',
      'r_begin ← request_r_begin',
      'a ← r_begin',
      'b ← a',
      'r_end ← b',
      'request_r_end ← r_end',
    ]);
    expect(plan.sequences).toEqual([{ name: 'request_r', first: 0, retries: 0, waitMs: 0 }]);
    expect(plan.jobs.map(({ type }) => type)).toEqual([
      'noop',
      'noop',
      'work',
      'work',
      'noop',
      'noop',
    ]);
    expect(plan.jobs.every(({ sequence }) => sequence === 0)).toBe(true);
  });

  test('a call of a sequence costs four no-ops and is a sequence in that of its caller', async () => {
    const plan = await planned(
      request(
        'nodes: {n: {category: sequence, type: s, retry: 2, retryWait: 1m30s}, last: {category: job, type: work, deps: [n]}}',
        '  s: {nodes: {a: {category: job, type: work}}}',
      ),
    );
    expect(edges(plan).slice(2, -2)).toEqual([
      'sequence_n_begin ← r_begin',
      's_begin ← sequence_n_begin',
      'a ← s_begin',
      's_end ← a',
      'sequence_n_end ← s_end',
      'last ← sequence_n_end',
    ]);
    expect(plan.sequences[1]).toEqual({
      name: 'sequence_n',
      first: 2,
      retries: 2,
      waitMs: 90_000,
      parent: 0,
    });
    for (const name of ['sequence_n_begin', 's_begin', 'a', 's_end', 'sequence_n_end'])
      expect(sequenceOf(plan, jobNamed(plan, name))).toBe('sequence_n');
    expect(sequenceOf(plan, jobNamed(plan, 'last'))).toBe('request_r');
  });

  test('a name that comes again is numbered', async () => {
    const plan = await planned(
      request(
        'nodes: {x: {category: sequence, type: s}, y: {category: sequence, type: s, deps: [x]}}',
        '  s: {nodes: {a: {category: job, type: work}}}',
      ),
    );
    expect(plan.jobs.map(({ name }) => name).filter((name) => /^(a|s_)/.test(name))).toEqual([
      ...['s_begin', 'a', 's_end', 's_begin#2', 'a#2', 's_end#2'],
    ]);
  });

  test('a name of the user’s that looks like a numbered one is nobody else’s', async () => {
    const plan = await planned(
      request(
        'nodes: {"a#2": {category: job, type: work}, x: {category: sequence, type: s}, y: {category: sequence, type: s, deps: [x]}}',
        '  s: {nodes: {a: {category: job, type: work}}}',
      ),
    );
    const names = plan.jobs.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('nodes without dependencies begin together, and the end waits for all that nobody depends on', async () => {
    const node = '{category: job, type: work';
    const plan = await planned(
      request(
        `nodes: {a: ${node}}, b: ${node}}, c: ${node}, deps: [a, b, a]}, d: ${node}, deps: [a]}}`,
      ),
    );
    expect(edges(plan).slice(2, -1)).toEqual([
      ...['a ← r_begin', 'b ← r_begin', 'd ← a', 'c ← a, b', 'r_end ← d, c'],
    ]);
  });

  test('a node’s retry goes on its job; where there is none the definition’s counts', async () => {
    const plan = await planned(
      request(
        'nodes: {a: {category: job, type: work, retry: 3, retryWait: 500us, timeout: 2s}, b: {category: job, type: work}}',
      ),
    );
    expect(jobNamed(plan, 'a')).toMatchObject({ retries: 3, retryWaitMs: 1, timeoutMs: 2000 });
    expect(jobNamed(plan, 'b')).toMatchObject({ retries: 0, retryWaitMs: 0 });
    expect(jobNamed(plan, 'b')).not.toHaveProperty('timeoutMs');
  });

  test('the job type noop and the sequence noop are built in', async () => {
    const plan = await planned(
      request(
        'nodes: {a: {category: job, type: noop}, b: {category: sequence, type: noop, deps: [a]}}',
      ),
    );
    expect(edges(plan).slice(2, -2)).toEqual([
      'a ← r_begin',
      'sequence_b_begin ← a',
      'noop_begin ← sequence_b_begin',
      'noop_end ← noop_begin',
      'sequence_b_end ← noop_end',
    ]);
  });
});

describe('each', () => {
  const repeated = (more: string, args = 'required: [{name: hosts}]'): string =>
    request(
      `args: {${args}}\n    nodes: {n: {category: job, type: work, each: ["hosts:host"]${more}}, last: {category: job, type: work, deps: [n]}}`,
    );

  test('of two elements or more is wrapped twice, in one batch', async () => {
    const plan = await planned(repeated(''), { hosts: ['a', 'b'] });
    expect(edges(plan).slice(2, -2)).toEqual([
      'repeat_n_begin ← r_begin',
      'repeat_n_begin#2 ← repeat_n_begin',
      'n ← repeat_n_begin#2',
      'n#2 ← repeat_n_begin#2',
      'repeat_n_end ← n, n#2',
      'repeat_n_end#2 ← repeat_n_end',
      'last ← repeat_n_end#2',
    ]);
    expect([jobNamed(plan, 'n').args, jobNamed(plan, 'n#2').args]).toEqual([
      { host: 'a' },
      { host: 'b' },
    ]);
    expect(plan.sequences).toHaveLength(1);
  });

  test('of one element is no repetition, of none a pair of no-ops', async () => {
    expect(edges(await planned(repeated(''), { hosts: ['a'] })).slice(2, 4)).toEqual([
      'n ← r_begin',
      'last ← n',
    ]);
    expect(edges(await planned(repeated(''), { hosts: [] })).slice(2, 5)).toEqual([
      'noop_n_begin ← r_begin',
      'noop_n_end ← noop_n_begin',
      'last ← noop_n_end',
    ]);
  });

  test('n elements p at a time are n jobs and 2 + 2·⌈n/p⌉ no-ops, batch after batch', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 30 }),
        fc.integer({ min: 1, max: 40 }),
        async (n, p) => {
          const hosts = Array.from({ length: n }, (_, at) => at);
          const plan = await planned(repeated(`, parallel: ${p}`), { hosts });
          expect(plan.jobs).toHaveLength(4 + 1 + n + 2 + 2 * Math.ceil(n / p));
          const given = plan.jobs.filter(({ args }) => JSON.stringify(args).includes('host'));
          expect(given.map(({ args }) => (args as { host: number }).host)).toEqual(hosts);
          // Each batch begins after all of the one before.
          const ends = plan.jobs.filter(({ name }) => name.startsWith('repeat_n_end'));
          expect(ends.slice(0, -1).map(({ parents }) => parents.length)).toEqual(
            Array.from({ length: Math.ceil(n / p) }, (_, at) => Math.min(p, n - at * p)),
          );
        },
      ),
      { seed: 64, numRuns: 30 },
    );
  });

  test('lists go side by side', async () => {
    const plan = await planned(
      request(
        'args: {required: [{name: a}, {name: b}]}\n    nodes: {n: {category: job, type: work, each: ["a:x", "b:y"]}}',
      ),
      { a: [1, { deep: true }], b: ['p', null] },
    );
    expect(jobNamed(plan, 'n').args).toEqual({ x: 1, y: 'p' });
    expect(jobNamed(plan, 'n#2').args).toEqual({ x: { deep: true }, y: null });
  });

  test('of a sequence each has a retry budget of its own', async () => {
    const plan = await planned(
      request(
        'args: {required: [{name: hosts}]}\n    nodes: {n: {category: sequence, type: s, each: ["hosts:host"], retry: 1}}',
        '  s: {args: {required: [{name: host}]}, nodes: {a: {category: job, type: work, args: [{expected: host}]}}}',
      ),
      { hosts: ['a', 'b'] },
    );
    expect(plan.sequences.slice(1)).toMatchObject([
      { name: 'sequence_n', retries: 1, parent: 0 },
      { name: 'sequence_n#2', retries: 1, parent: 0 },
    ]);
  });

  test.each([
    [
      { hosts: 'a,b' },
      'chain "r": the args of the request do not fit: args.hosts: Invalid input: expected array, received string; correct them',
    ],
    [
      { hosts: null },
      'chain "r": the args of the request do not fit: args.hosts: Invalid input: expected array, received null; correct them',
    ],
  ])('over %j is refused before anything is planned', async (args, message) => {
    await expect(planned(repeated(''), args)).rejects.toThrow(message);
  });

  test.each([
    ['~', null, 'null'],
    ['a text', 'x', 'a string'],
    ['an object', {}, 'an object'],
  ])('over a list that a job sets to %s is refused', async (_, hosts, is) => {
    const text = request(
      'nodes: {l: {category: job, type: lookup, sets: [{arg: hosts}]}, n: {category: job, type: work, each: ["hosts:h"], deps: [l]}}',
    );
    await expect(planned(text, {}, lookup(hosts))).rejects.toThrow(
      `request "r": node "n" of sequence "r" (1.yaml:4): it is repeated over "hosts", which must be a list; it is ${is}`,
    );
  });

  test('over lists of different lengths is refused', async () => {
    const text = request(
      'args: {required: [{name: a}, {name: b}]}\n    nodes: {n: {category: job, type: work, each: ["a:x", "b:y"]}}',
    );
    await expect(planned(text, { a: [1, 2], b: [1] })).rejects.toThrow(
      'it is repeated over lists of different lengths: "a" has 2 elements, "b" has 1',
    );
  });
});

describe('a conditional', () => {
  const text = request(
    'args: {required: [{name: env}]}\n    nodes: {c: {category: conditional, if: env, eq: {prod: careful, default: fast}, retry: 1}}',
    '  careful: {nodes: {a: {category: job, type: work}}}\n  fast: {nodes: {b: {category: job, type: work}}}',
  );

  test('takes the sequence of the value, directly inside its wrapper', async () => {
    const plan = await planned(text, { env: 'prod' });
    expect(edges(plan).slice(2, -2)).toEqual([
      'conditional_c_begin ← r_begin',
      'careful_begin ← conditional_c_begin',
      'a ← careful_begin',
      'careful_end ← a',
      'conditional_c_end ← careful_end',
    ]);
    expect(plan.sequences[1]).toMatchObject({ name: 'conditional_c', retries: 1 });
  });

  test.each(['dev', 'Prod', '', 'default', '__proto__'])(
    'takes the default for %j',
    async (env) => {
      expect(jobNamed(await planned(text, { env }), 'b').type).toBe('work');
    },
  );

  test('without a default refuses other values, and names what it has', async () => {
    const strict = text.replace('default: fast', 'dev: fast');
    await expect(planned(strict, { env: 'prd' })).rejects.toThrow(
      'request "r": node "c" of sequence "r" (1.yaml:5): "env" is "prd" (did you mean "prod"?), and eq has no default; it has dev, prod',
    );
    await expect(planned(strict, { env: 'default' })).rejects.toThrow('has no default');
  });

  test.each([true, 1, null, ['prod']])('looks at texts alone: %j is refused', async (env) => {
    await expect(planned(text, { env })).rejects.toThrow(
      'the value of "env" decides, and must be a text',
    );
  });
});

describe('size', () => {
  test('100,000 jobs are planned in a few seconds at most', async () => {
    const text = request(
      'args: {required: [{name: hosts}]}\n    nodes: {n: {category: job, type: work, each: ["hosts:host"], parallel: 1000}}',
    );
    const hosts = Array.from({ length: 100_000 }, (_, at) => `host-${at}`);
    const before = performance.now();
    expect((await planned(text, { hosts })).jobs).toHaveLength(100_000 + 6 + 200);
    expect(performance.now() - before).toBeLessThan(8000);
  });

  test('sequences in sequences may go 3,000 deep', async () => {
    const depth = 3000;
    const calls = Array.from(
      { length: depth },
      (_, at) => `  s${at}: {nodes: {n: {category: sequence, type: s${at + 1}}}}`,
    );
    const text = request(
      'nodes: {n: {category: sequence, type: s0}}',
      [...calls, `  s${depth}: {nodes: {a: {category: job, type: work}}}`].join('\n'),
    );
    expect((await planned(text)).jobs).toHaveLength(4 * (depth + 2) + 1);
  });

  test('a spec that doubles itself thirty times is refused at a million jobs', async () => {
    const twice = (name: string): string =>
      `{a: {category: sequence, type: ${name}}, b: {category: sequence, type: ${name}}}`;
    const levels = Array.from(
      { length: 30 },
      (_, at) => `  s${at}: {nodes: ${twice(`s${at + 1}`)}}`,
    );
    const text = request(
      `nodes: ${twice('s0')}`,
      [...levels, '  s30: {nodes: {a: {category: job, type: work}}}'].join('\n'),
    );
    await expect(planned(text)).rejects.toThrow(
      'it is one more than 1000000 jobs; split the request',
    );
  });
});
