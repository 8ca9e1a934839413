/** Every static check of specification 4, row by row: a spec that trips it, and what is told. */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/spec/problem.ts';
import { check, nodeText, sequenceText, told } from './kit.ts';

type Found = Omit<Partial<Fault>, 'line'>;
type Row = [check: string, text: string, found: Found, message: string];

const aJob = 'nodes: {n: {category: job, type: t}}';
const job = 'category: job\ntype: t';
const callee = (args: string): string => `callee: {args: ${args}, ${aJob}}`;
const calls = 'category: sequence\ntype: callee';

const invalid = (field: string, ...values: string[]): Found => {
  return { kind: 'invalid', field, values };
};
const missing = (field: string): Found => ({ kind: 'missing', field });
const duplicate = (field: string, ...values: string[]): Found => {
  return { kind: 'duplicate', field, values };
};

/** Passes every other check, so that a row shows its own alone. */
const sequences: Row[] = [
  [
    'required args named',
    `args: {required: [{desc: d}]}\n${aJob}`,
    missing('args.required.name'),
    `field 'args.required.name' missing`,
  ],
  [
    'optional args named',
    `args: {optional: [{default: d}]}\n${aJob}`,
    missing('args.optional.name'),
    `field 'args.optional.name' missing`,
  ],
  [
    'static args named',
    `args: {static: [{default: d}]}\n${aJob}`,
    missing('args.static.name'),
    `field 'args.static.name' missing`,
  ],
  [
    'optional args have defaults',
    `args: {optional: [{name: a}]}\n${aJob}`,
    missing('args.optional.default'),
    `field 'args.optional.default' missing: optional arg "a" needs one, if only an empty one ('')`,
  ],
  [
    'static args have defaults',
    `args: {static: [{name: a, default: ~}]}\n${aJob}`,
    missing('args.static.default'),
    `field 'args.static.default' missing: static arg "a" needs one, if only an empty one ('')`,
  ],
  [
    'required args have no default',
    `args: {required: [{name: a, default: 1}]}\n${aJob}`,
    invalid('args.required.default', '1 (a)'),
    `invalid value "1 (a)" in field 'args.required.default', expected no default; an arg that has one is optional`,
  ],
  [
    'no duplicate args',
    `args: {required: [{name: a}, {name: b}], static: [{name: a, default: x}]}\n${aJob}`,
    duplicate('args.*.name', 'a'),
    `value "a" duplicated in field 'args.*.name': an arg is required, optional or static, and only one of them`,
  ],
  [
    'has nodes',
    'nodes: {}',
    missing('nodes'),
    `field 'nodes' missing: a sequence needs at least one`,
  ],
  [
    'acl: admin or ops',
    `${aJob}\nacl: [{role: r, admin: true, ops: [start]}]`,
    invalid('acl.admin', 'true'),
    `invalid value "true" in field 'acl.admin', expected no ops beside it: an admin may do everything`,
  ],
  ['acl: role', `${aJob}\nacl: [{admin: true}]`, missing('acl.role'), `field 'acl.role' missing`],
  [
    'acl: no duplicate roles',
    `${aJob}\nacl: [{role: r, ops: [start]}, {role: r, ops: [stop]}]`,
    duplicate('acl.role', 'r'),
    `value "r" duplicated in field 'acl.role': name each role once, with all that it may do`,
  ],
];

const setsTwice: Row[] = [
  [
    'sets unique across nodes',
    'nodes:\n  a: {category: job, type: t, sets: [{arg: x}]}\n  b: {category: job, type: t, sets: [{arg: y, as: x}]}',
    duplicate('nodes.sets.as', 'x (set by a, b)'),
    `arg "x" is set by a and b in field 'nodes.sets.as'; the one that is set last counts`,
  ],
  [
    'sets that are args of the sequence',
    'args: {required: [{name: x}]}\nnodes: {a: {category: job, type: t, sets: [{arg: x}]}}',
    duplicate('nodes.sets.as', 'x (set by this sequence, a)'),
    `arg "x" is set by this sequence and a in field 'nodes.sets.as'; the one that is set last counts`,
  ],
];

const nodes: Row[] = [
  [
    'valid category',
    'category: jobb\ntype: t',
    invalid('category', 'jobb'),
    `invalid value "jobb" in field 'category', expected job, sequence or conditional (did you mean "job"?)`,
  ],
  [
    'has category',
    'type: t',
    missing('category'),
    `field 'category' missing: it is job, sequence or conditional`,
  ],
  [
    'what is no conditional has a type',
    'category: job',
    missing('type'),
    `field 'type' missing: name the type of job, or the sequence that is called`,
  ],
  [
    'a conditional has if',
    'category: conditional\neq: {x: s2}',
    missing('if'),
    `field 'if' missing: name the arg whose value decides`,
  ],
  [
    'a conditional has eq',
    'category: conditional\nif: a\neq: {}',
    missing('eq'),
    `field 'eq' missing: name a sequence for each value`,
  ],
  [
    'a conditional has no type',
    'category: conditional\ntype: t\nif: a\neq: {x: s2}',
    invalid('type', 't'),
    `invalid value "t" in field 'type', expected no type in a conditional; its sequences stand in eq`,
  ],
  [
    'only a conditional has if',
    `${job}\nif: a`,
    invalid('if', 'a'),
    `invalid value "a" in field 'if', expected it in nodes of category conditional alone`,
  ],
  [
    'only a conditional has eq',
    `${job}\neq: {yes: s2, 1.50: s2}`,
    invalid('eq', '{yes: s2, 1.50: s2}'),
    `invalid value "{yes: s2, 1.50: s2}" in field 'eq', expected it in nodes of category conditional alone`,
  ],
  [
    'valid each',
    `${job}\neach: [hosts, "a:b:c", ":x", "l:e"]`,
    invalid('each', 'hosts', 'a:b:c', ':x'),
    `invalid values "hosts", "a:b:c", ":x" in field 'each', expected list:element, two names with a colon between`,
  ],
  [
    'each element unique',
    `${job}\neach: ["a:e", "b:e"]`,
    duplicate('each', 'e'),
    `value "e" duplicated in field 'each': two lists cannot give the same arg`,
  ],
  [
    'each element is no args.expected',
    `${job}\neach: ["a:e"]\nargs: [{expected: e, given: g}]`,
    duplicate('each', 'e'),
    `value "e" duplicated in field 'each': it is in args.expected, too; keep one of them`,
  ],
  [
    'args not null',
    `${job}\nargs: [~]`,
    invalid('args', 'nil'),
    `invalid value "nil" in field 'args', expected an entry with expected and given`,
  ],
  [
    'args named',
    `${job}\nargs: [{given: g}]`,
    missing('args.expected'),
    `field 'args.expected' missing: say what the node calls it`,
  ],
  [
    'args.expected unique',
    `${job}\nargs: [{expected: e}, {expected: e, given: f}]`,
    duplicate('args.expected', 'e'),
    `value "e" duplicated in field 'args.expected': the node can be given it only once`,
  ],
  [
    'sets not null',
    `${job}\nsets: [~]`,
    invalid('sets', 'nil'),
    `invalid value "nil" in field 'sets', expected an entry with arg and as`,
  ],
  [
    'sets named',
    `${job}\nsets: [{as: x}]`,
    missing('sets.arg'),
    `field 'sets.arg' missing: say what the node calls it`,
  ],
  [
    'sets.as unique',
    `${job}\nsets: [{arg: x}, {arg: y, as: x}]`,
    duplicate('sets.as', 'x'),
    `value "x" duplicated in field 'sets.as': the last of them would count`,
  ],
  [
    'parallel valid',
    `${job}\neach: ["l:e"]\nparallel: 0`,
    invalid('parallel', '0'),
    `invalid value "0" in field 'parallel', expected at least 1, or no parallel for all at once`,
  ],
  [
    'each if parallel',
    `${job}\nparallel: 2`,
    missing('each'),
    `field 'each' missing: parallel is for nodes that are repeated`,
  ],
  [
    'retryWait valid',
    `${job}\nretry: 1\nretryWait: 5`,
    invalid('retryWait', '5'),
    `invalid value "5" in field 'retryWait', expected a duration such as 500ms, 30s, 1m30s or 1.5h`,
  ],
  [
    'retry if retryWait',
    `${job}\nretryWait: 5s`,
    missing('retry'),
    `field 'retry' missing: retryWait is between retries`,
  ],
  [
    'timeout in jobs alone',
    `category: sequence\ntype: s2\ntimeout: 5s`,
    invalid('timeout', '5s'),
    `invalid value "5s" in field 'timeout', expected it in nodes of category job alone`,
  ],
  [
    'timeout valid',
    `${job}\ntimeout: 0`,
    invalid('timeout', '0'),
    `invalid value "0" in field 'timeout', expected a duration such as 500ms, 30s, 1m30s or 1.5h, of more than 0`,
  ],
  [
    'a command has run',
    'category: job\ntype: command\nrun: []',
    missing('run'),
    `field 'run' missing: a list, the program first`,
  ],
  [
    'run in commands alone',
    `${job}\nrun: [ls]`,
    invalid('run', 't'),
    `invalid value "t" in field 'run', expected it in jobs of type command alone`,
  ],
  [
    'names in a command are args of the node',
    'category: job\ntype: command\nrun: ["echo", "${hots} $${no}"]\nargs: [{expected: host}]',
    invalid('run', 'hots'),
    'invalid value "hots" in field \'run\', expected names in ${…} that are args of the node (did you mean "host"?)',
  ],
  [
    'subsequences exist: type',
    'category: sequence\ntype: s3',
    invalid('type', 's3'),
    `invalid value "s3" in field 'type', expected the name of a sequence (did you mean "s"?)`,
  ],
  [
    'subsequences exist: eq',
    'category: conditional\nif: a\neq: {x: s2, y: nowhere, default: elsewhere}',
    invalid('eq', 'nowhere', 'elsewhere'),
    `invalid values "nowhere", "elsewhere" in field 'eq', expected the name of a sequence`,
  ],
];

const warnings: Row[] = [
  [
    'each not renamed twice',
    `${job}\neach: ["l:a", "l:b"]`,
    duplicate('each', 'l'),
    `value "l" duplicated in field 'each': the same list gives several elements`,
  ],
  [
    'args not renamed twice',
    `${job}\nargs: [{expected: a, given: g}, {expected: b, given: g}]`,
    duplicate('args.given', 'g'),
    `value "g" duplicated in field 'args.given': the node is given the same value under several names`,
  ],
  [
    'each list is no args.given',
    `${job}\neach: ["l:a"]\nargs: [{expected: b, given: l}]`,
    duplicate('each', 'l'),
    `value "l" duplicated in field 'each': the list is passed whole in args.given, too`,
  ],
  [
    'sets not renamed twice',
    `${job}\nsets: [{arg: x, as: a}, {arg: x, as: b}]`,
    duplicate('sets.arg', 'x'),
    `value "x" duplicated in field 'sets.arg': the same arg is set under several names`,
  ],
];

describe('a sequence is checked:', () => {
  test.each(sequences)('%s', (_, body, found, message) => {
    const { problems, failedAt } = check(sequenceText(body));
    expect(problems).toMatchObject([{ level: 'error', sequence: 's', ...found }]);
    expect(problems[0]?.text).toBe(message);
    expect(failedAt).toBe('static');
  });

  test.each(setsTwice)('%s, which is a warning', (_, body, found, message) => {
    const { problems, specs } = check(sequenceText(body));
    expect(problems).toMatchObject([{ level: 'warning', sequence: 's', ...found }]);
    expect(problems[0]?.text).toBe(message);
    expect(specs).toBeDefined();
  });
});

describe('a node is checked:', () => {
  test.each(nodes)('%s', (_, fields, found, message) => {
    const { problems } = check(nodeText(fields, { more: `s2: {${aJob}}` }));
    // Without a category it also counts as no conditional, and so on: the row's own is among them.
    const own = problems.filter(({ text }) => text === message);
    expect(own).toMatchObject([{ level: 'error', sequence: 's', node: 'n', ...found }]);
    expect(problems.filter((problem) => !own.includes(problem))).toEqual([]);
  });

  test.each(warnings)('%s, which is a warning', (_, fields, found, message) => {
    const args = '{required: [{name: l}, {name: g}]}';
    const { problems } = check(nodeText(fields, { args }));
    expect(problems).toMatchObject([{ level: 'warning', sequence: 's', node: 'n', ...found }]);
    expect(problems[0]?.text).toBe(message);
  });

  test('a required arg of any sequence that it may call must be provided', () => {
    const conditional = 'category: conditional\nif: g\neq: {x: callee, y: other}';
    const more = `${callee('{required: [{name: host}]}')}\nother: {args: {required: [{name: host}]}, ${aJob}}`;
    expect(check(nodeText(conditional, { more })).problems).toMatchObject([
      {
        node: 'n',
        ...missing('args'),
        text: `field 'args' missing: callee and other require "host"`,
      },
    ]);
    const each = nodeText(`${calls}\neach: ["l:hots"]`, {
      more: callee('{required: [{name: host}]}'),
    });
    expect(told(check(each).problems)[0]).toBe(
      `1.yaml:4 error sequence "s": node "n": field 'args' missing: callee requires "host" (did you mean "hots"?)`,
    );
  });

  test('what a called sequence does not take is a warning, a static arg too', () => {
    const args = '{required: [{name: a}]}';
    const more = callee(
      '{optional: [{name: region, default: eu}], static: [{name: port, default: 1}]}',
    );
    const fields = `${calls}\nargs: [{expected: regoin, given: a}, {expected: port, given: a}]`;
    expect(check(nodeText(fields, { args, more })).problems).toMatchObject([
      { level: 'warning', ...duplicate('args.given', 'a') },
      {
        level: 'warning',
        ...invalid(`args', 'each.element`, 'regoin', 'port'),
        text: `invalid values "regoin", "port" in field 'args', 'each.element', expected args that callee takes (did you mean "region"?)`,
      },
    ]);
  });
});

test('every error of every sequence is told at once, with its line', () => {
  const text = `sequences:
  a:
    nodes:
      x: {category: job, type: t, parallel: 0}
      y:
        category: conditional
        if: v
  b: {}`;
  expect(told(check(text).problems)).toEqual([
    `1.yaml:4 error sequence "a": node "x": invalid value "0" in field 'parallel', expected at least 1, or no parallel for all at once`,
    `1.yaml:4 error sequence "a": node "x": field 'each' missing: parallel is for nodes that are repeated`,
    `1.yaml:5 error sequence "a": node "y": field 'eq' missing: name a sequence for each value`,
    `1.yaml:8 error sequence "b": field 'nodes' missing: a sequence needs at least one`,
  ]);
});

test.each([
  ...['300ms', '1.5h', '1m30s', '500us', '0', '-5s', '+1s', '.5s', '1.s', '10µs', '1h2m3s4ms'],
])('%s is a duration', (wait) => {
  expect(check(nodeText(`${job}\nretry: 1\nretryWait: ${wait}`)).problems).toEqual([]);
});

test.each(['5', '1d', '1.5', 's', '1 s', '1h-5m', '--1s', '١s', '""'])(
  '%s is no duration',
  (wait) => {
    const { problems } = check(nodeText(`${job}\nretry: 1\nretryWait: ${wait}`));
    expect(problems).toMatchObject([{ field: 'retryWait' }]);
  },
);
