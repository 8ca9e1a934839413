/** What jobs are given (specification 6.1, 6.2): args of the request, scopes of sequences, sets, create steps. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../../src/definitions.ts';
import { requestArgs } from '../../src/spec/requestArgs.ts';
import { check } from './kit.ts';
import { jobNamed, jobs, lookup, planned } from './plans.ts';

const request = (body: string, more = ''): string =>
  `sequences:\n  r:\n    request: true\n    ${body}\n${more}`;
const given = async (text: string, args: unknown, job = 'n') =>
  jobNamed(await planned(text, args), job).args;

describe('args of a request', () => {
  const text = request(
    'args: {required: [{name: host, desc: which}], optional: [{name: wait, default: 60}], static: [{name: port, default: 22}]}\n    nodes: {n: {category: job, type: work, args: [{expected: h, given: host}, {expected: wait}, {expected: port}]}}',
  );

  test('are those that were given, and defaults as texts', async () => {
    expect(await given(text, { host: 'a' })).toEqual({ h: 'a', wait: '60', port: '22' });
    expect(await given(text, { host: { n: 1 }, wait: null })).toEqual({
      h: { n: 1 },
      wait: null,
      port: '22',
    });
  });

  test('are recorded by kind and position, with who gave them', () => {
    const spec = check(text).sequences.get('r');
    if (spec === undefined) throw new Error('there is no r');
    const common = { desc: undefined, position: 0 };
    expect(requestArgs(spec, { host: 'a' })).toEqual([
      {
        ...common,
        name: 'host',
        kind: 'required',
        desc: 'which',
        isGiven: true,
        default: undefined,
        value: 'a',
      },
      { ...common, name: 'wait', kind: 'optional', isGiven: false, default: '60', value: '60' },
      { ...common, name: 'port', kind: 'static', isGiven: false, default: '22', value: '22' },
    ]);
  });

  test.each([
    [{}, 'chain "r": the args of the request do not fit: args.host: is missing; correct them'],
    [undefined, 'chain "r": the args of the request do not fit: '],
    [
      { host: 'a', wiat: 1 },
      'request "r": it takes no arg "wiat" (did you mean "wait"?); it takes host, wait',
    ],
    [
      { host: 'a', port: '1' },
      'request "r": arg "port" is static: the spec alone says what it is; leave it out',
    ],
    [[], 'chain "r": the args of the request do not fit: '],
    [
      JSON.parse('{"host":"a","__proto__":1}'),
      'request "r": it takes no arg "__proto__"; it takes host, wait',
    ],
  ])('%j are refused', async (args, message) => {
    await expect(planned(text, args)).rejects.toThrow(message);
  });

  test('what a request does not declare its nodes cannot be given by the caller', async () => {
    const empty = request('nodes: {n: {category: job, type: work}}');
    await expect(planned(empty, { x: 1 })).rejects.toThrow('it takes no arg "x"; it takes none');
  });

  test('a sequence that is no request cannot be asked for', async () => {
    await expect(
      planned('sequences: {r: {nodes: {n: {category: job, type: work}}}}'),
    ).rejects.toThrow('no chain has the type "r"');
  });
});

describe('a called sequence', () => {
  const callee = (args: string): string =>
    `  s: {args: ${args}, nodes: {n: {category: job, type: work, args: [{expected: a}, {expected: b}]}}}`;

  test('sees what it is given and its own defaults, nothing of its caller', async () => {
    const text = request(
      'args: {required: [{name: x}, {name: b}]}\n    nodes: {c: {category: sequence, type: s, args: [{expected: a, given: x}]}}',
      callee('{required: [{name: a}], optional: [{name: b, default: own}]}'),
    );
    expect(await given(text, { x: 1, b: 2 })).toEqual({ a: 1, b: 'own' });
  });

  test('has a static arg of its own overridden by a caller that passes it', async () => {
    const text = request(
      'args: {required: [{name: x}]}\n    nodes: {c: {category: sequence, type: s, args: [{expected: a, given: x}, {expected: b, given: x}]}}',
      callee('{required: [{name: a}], static: [{name: b, default: own}]}'),
    );
    expect(await given(text, { x: 1 })).toEqual({ a: 1, b: 1 });
  });

  test('of a conditional is also given what the conditional looks at, as the caller sees it', async () => {
    const text = request(
      'args: {required: [{name: a}, {name: other}]}\n    nodes: {c: {category: conditional, if: a, eq: {go: s}, args: [{expected: a, given: other}, {expected: b, given: other}]}}',
      callee('{required: [{name: a}, {name: b}]}'),
    );
    expect(await given(text, { a: 'go', other: 'stop' })).toEqual({ a: 'go', b: 'stop' });
  });

  test('gives its caller what it sets, and its own args', async () => {
    const text = request(
      'args: {required: [{name: x}]}\n    nodes: {c: {category: sequence, type: s, args: [{expected: a, given: x}], sets: [{arg: hosts, as: found}, {arg: a, as: echo}]}, last: {category: job, type: work, deps: [c], args: [{expected: found}, {expected: echo}]}}',
      '  s: {args: {required: [{name: a}]}, nodes: {l: {category: job, type: lookup, args: [{expected: count, given: a}], sets: [{arg: hosts}]}}}',
    );
    expect(await given(text, { x: 2 }, 'last')).toEqual({ found: ['h1', 'h2'], echo: 2 });
  });
});

describe('what nodes set', () => {
  test('of a repeated node the last one’s counts', async () => {
    const text = request(
      'args: {required: [{name: counts}]}\n    nodes: {l: {category: job, type: lookup, each: ["counts:count"], sets: [{arg: hosts}]}, n: {category: job, type: work, deps: [l], args: [{expected: hosts}]}}',
    );
    expect(await given(text, { counts: [3, 1] })).toEqual({ hosts: ['h1'] });
  });

  test('of a node that is repeated over nothing is not set, and whoever needs it says so', async () => {
    const text = request(
      'args: {required: [{name: counts}]}\n    nodes: {l: {category: job, type: lookup, each: ["counts:count"], sets: [{arg: hosts}]}, n: {category: job, type: work, deps: [l], args: [{expected: hosts}]}}',
    );
    await expect(planned(text, { counts: [] })).rejects.toThrow(
      'request "r": node "n" of sequence "r" (1.yaml:5): it needs "hosts", which was not set: what sets it was repeated over an empty list',
    );
  });

  test('also a conditional says so', async () => {
    const text = request(
      'args: {required: [{name: l}]}\n    nodes: {l: {category: job, type: lookup, each: ["l:count"], sets: [{arg: hosts}]}, n: {category: conditional, deps: [l], if: hosts, eq: {x: noop}}}',
    );
    await expect(planned(text, { l: [] })).rejects.toThrow('it needs "hosts", which was not set');
  });

  test('a job that does not set what its node declares refuses the request', async () => {
    const text = request('nodes: {n: {category: job, type: work, sets: [{arg: out}]}}');
    await expect(planned(text)).rejects.toThrow(
      'node "n" of sequence "r" (1.yaml:4): expected work to set "out", and it did not',
    );
  });

  test('a name like __proto__ is a name', async () => {
    const text = request(
      'args: {required: [{name: __proto__}]}\n    nodes: {n: {category: job, type: work, args: [{expected: __proto__}]}}',
    );
    const args = await given(text, JSON.parse('{"__proto__":{"polluted":1}}'));
    expect(JSON.stringify(args)).toBe('{"__proto__":{"polluted":1}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('a create step', () => {
  const text = request(
    'args: {required: [{name: count}]}\n    nodes: {l: {category: job, type: lookup, args: [{expected: count}], sets: [{arg: hosts, as: all}]}, n: {category: job, type: work, deps: [l], each: ["all:host"]}}',
  );

  test('sets args for the nodes after it; its own job keeps what it was given', async () => {
    const plan = await planned(text, { count: '2' });
    expect(jobNamed(plan, 'l').args).toEqual({ count: '2' });
    expect(jobNamed(plan, 'n#2').args).toEqual({ host: 'h2' });
  });

  test('is called once a job, in the order of creation, with args as the schema makes them', async () => {
    const seen: unknown[] = [];
    const job = defineJob({
      type: 'work',
      args: z.object({ count: z.coerce.number() }),
      create: (context) => void seen.push(context),
      run: () => undefined,
    });
    const both = request(
      'args: {required: [{name: count}]}\n    nodes: {b: {category: job, type: work, deps: [a], args: [{expected: count}]}, a: {category: job, type: work, args: [{expected: count}]}}',
    );
    await planned(both, { count: '7' }, [job]);
    expect(seen).toEqual([
      { args: { count: 7 }, jobId: 'a' },
      { args: { count: 7 }, jobId: 'b' },
    ]);
  });

  test.each([
    [
      () => {
        throw new Error('no such host');
      },
      'threw: no such host',
    ],
    [() => Promise.reject(new Error('no answer')), 'threw: no answer'],
    [() => 7, 'must answer with an object of values by name'],
    [() => ['a'], 'must answer with an object of values by name'],
    [() => ({ hosts: new Date(0) }), 'must answer with JSON: its answer.hosts is a Date'],
  ])('that goes wrong refuses the request: %s', async (create, problem) => {
    const args = z.unknown();
    const job = defineJob({
      type: 'lookup',
      args,
      create: create as unknown as () => undefined,
      run: () => 1,
    });
    const definitions = [...jobs.filter(({ type }) => type !== 'lookup'), job];
    await expect(planned(text, { count: 1 }, definitions)).rejects.toThrow(
      `request "r": node "l" of sequence "r" (1.yaml:5): the create step of job type "lookup" ${problem}`,
    );
  });
});

test('an unknown job type is refused with the one that was meant, args that do not fit with why', async () => {
  await expect(planned(request('nodes: {n: {category: job, type: wokr}}'))).rejects.toThrow(
    'request "r": node "n" of sequence "r" (1.yaml:4): job type "wokr" is not registered (did you mean "work"?)',
  );
  const text = request('nodes: {n: {category: job, type: lookup}}');
  await expect(planned(text)).rejects.toThrow(
    'job type "lookup": its args do not fit its schema: args.count: ',
  );
  expect((await planned(text, {}, lookup(1))).jobs).toHaveLength(5);
});
