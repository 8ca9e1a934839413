/** What a spec file says, and what is told of one that does not say it right. */
import { describe, expect, test } from 'vitest';
import { parseSpecs } from '../../src/spec/parse.ts';
import type { NodeSpec, SequenceSpec } from '../../src/spec/types.ts';
import { check, nodeText, sequenceText, told } from './kit.ts';

const job = 'category: job\ntype: t';
const problems = (...texts: string[]): string[] => told(check(...texts).problems);

function parsed(text: string): SequenceSpec {
  const { sequences, problems: found } = parseSpecs('f.yaml', text);
  expect(found).toEqual([]);
  const [sequence] = sequences;
  if (sequence === undefined) throw new Error('there is no sequence');
  return sequence;
}

function node(fields: string): NodeSpec | undefined {
  return parsed(nodeText(fields)).nodes.get('n');
}

describe('texts', () => {
  test.each([
    ...[
      ['1000', '1000'],
      ['true', 'true'],
      ['yes', 'yes'],
      ['1.50', '1.50'],
      ['0x10', '0x10'],
    ],
    ...[
      ['2024-05-01', '2024-05-01'],
      [`''`, ''],
      ['"~"', '~'],
      ['"null"', 'null'],
      ['"a\\tb"', 'a\tb'],
    ],
    ...[
      ['~', undefined],
      ['null', undefined],
      ['', undefined],
    ],
  ])('the default %s is the text %j', (written, text) => {
    const { args } = parsed(
      sequenceText(`args:\n  optional:\n    - name: a\n      default: ${written}`),
    );
    expect(args.optional[0]?.default).toBe(text);
  });

  test('keys and values of eq are texts, too', () => {
    const { eq } =
      node('category: conditional\nif: a\neq: {1.50: one, yes: 2, true: three, ~: four}') ?? {};
    expect([...(eq ?? [])]).toEqual([
      ['1.50', 'one'],
      ['yes', '2'],
      ['true', 'three'],
      ['~', 'four'],
    ]);
  });
});

describe('what is left out', () => {
  test('sets.as is sets.arg, args.given is args.expected', () => {
    const { args, sets } =
      node(`${job}\nargs: [{expected: a}, {expected: b, given: c}]\nsets: [{arg: a}]`) ?? {};
    expect(args).toMatchObject([{ given: 'a' }, { given: 'c' }]);
    expect(sets).toMatchObject([{ as: 'a' }]);
  });

  test('a sequence is no request, and has no args', () => {
    const { isRequest, args, acl } = parsed(sequenceText(`nodes: {n: {category: job, type: t}}`));
    expect({ isRequest, args, acl }).toEqual({
      isRequest: false,
      args: { required: [], optional: [], static: [] },
      acl: [],
    });
  });

  test.each(['yes', 'True', 'on', 'y', 'TRUE'])('request: %s is true', (word) => {
    expect(parsed(sequenceText(`request: ${word}`)).isRequest).toBe(true);
  });

  test('args stand in the order of the file', () => {
    const { args } = parsed(sequenceText('args: {required: [{name: z}, {name: a}, {name: m}]}'));
    expect(args.required.map(({ name }) => name)).toEqual(['z', 'a', 'm']);
  });
});

test('anchors, aliases and merge keys are followed', () => {
  const text = `base: &base {category: job, type: t, retry: 3}
sequences:
  s:
    nodes:
      a: *base
      b: {<<: *base, retry: 1, deps: [a]}`;
  const [sequence] = parseSpecs('f.yaml', text).sequences;
  expect(sequence?.nodes.get('a')).toMatchObject({ type: 't', retry: 3 });
  expect(sequence?.nodes.get('b')).toMatchObject({ type: 't', retry: 1, deps: ['a'] });
});

describe('what does not fit is an error of its file:', () => {
  test.each([
    [
      nodeText(`${job}\neach: a:b`),
      `7 error sequence "s": node "n": field 'each' must be a list; it is "a:b"`,
    ],
    [nodeText(`${job}\ndeps: a`), `field 'deps' must be a list; it is "a"`],
    [nodeText(`${job}\ndeps: [[a]]`), `field 'deps' must be made of texts; it is a list`],
    [
      nodeText(`${job}\nretry: -1`),
      `field 'retry' must be a whole number of at least 0; it is "-1"`,
    ],
    [
      nodeText(`${job}\nretry: "1"`),
      `field 'retry' must be a whole number of at least 0; it is "1"`,
    ],
    [
      nodeText(`${job}\nparallel: 1.5`),
      `field 'parallel' must be a whole number of at least 0; it is "1.5"`,
    ],
    [nodeText('category: {a: b}'), `field 'category' must be a text; it is a map`],
    [nodeText(`${job}\nargs: {a: b}`), `field 'args' must be a list; it is a map`],
    [nodeText(`${job}\nargs: [a]`), `args must be a map of expected, given; it is a text`],
    [nodeText(`${job}\neq: [a]`), `field 'eq' must be a map; it is a list`],
    [sequenceText('request: maybe'), `field 'request' must be true or false; it is "maybe"`],
    [sequenceText('nodes: [a]'), `field 'nodes' must be a map; it is a list`],
    [sequenceText('acl: [{role: r, ops: admin}]'), `field 'ops' must be a list; it is "admin"`],
    [
      sequenceText('args: {required: [host]}'),
      `args.required must be a map of name, desc, default; it is a text`,
    ],
    [
      sequenceText('args: {static: [{name: [a]}]}'),
      `field 'args.static.name' must be a text; it is a list`,
    ],
    ['sequences: {a: text}', `it must be a map of request, args, nodes, acl; it is a text`],
    ['- a', `it must be a map of sequences; it is a list`],
    ['sequences: {a: {}, b: [}', 'it is no YAML: '],
    ['a: 1\n---\nb: 2', '1.yaml:2 error it has several documents; keep one a file'],
    ['sequences: {a: *nothing}', '1.yaml:1 error nothing above is named "&nothing"'],
    ['sequences: &a {b: *a}', 'it is nested more than 50 deep, or contains itself'],
    ['sequences: {? {a: b} : c}', 'a list or a map cannot be a key'],
    ['sequences:\n  a: {<<: text}', '1.yaml:2 error only a map can be merged with "<<"'],
  ])('%j', (text, told1) => {
    const found = check(text);
    expect(told(found.problems).join('\n')).toContain(told1);
    expect(found.failedAt).toBe('parse');
  });
});

describe('what is only unexpected is a warning:', () => {
  test('a field that there is not, with the one that was meant', () => {
    expect(problems(nodeText(`${job}\nrety: 3`))).toEqual([
      `1.yaml:7 warning sequence "s": node "n": there is no field 'rety' (did you mean "retry"?); it is ignored`,
    ]);
    expect(problems(sequenceText('nodes: {n: {category: job, type: t}}\nretry: 3'))).toEqual([
      `1.yaml:4 warning sequence "s": there is no field 'retry'; it is ignored`,
    ]);
  });

  test('a key that comes twice; the last one counts', () => {
    const text = sequenceText(
      `nodes:\n  n: {category: job, type: one}\n  n: {category: job, type: two}`,
    );
    expect(problems(text)).toEqual([
      '1.yaml:5 warning key "n" comes twice, first on line 4; this one counts',
    ]);
    expect(check(text).sequences.get('s')?.nodes.get('n')?.type).toBe('two');
  });
});

test('a sequence that an earlier file has is an error of the later one', () => {
  const text = sequenceText('nodes: {n: {category: job, type: t}}');
  expect(problems(text, text)).toEqual([
    '2.yaml:2 error sequence "s": there is one of this name already, in 1.yaml:2; rename one',
  ]);
});

test('what is null is an error of the checks, not of the program', () => {
  expect(problems('sequences: {a: ~, b: {nodes: {n: ~}}, c: {nodes: ~}}')).toEqual([
    `1.yaml:1 error sequence "a": field 'nodes' missing: a sequence needs at least one`,
    `1.yaml:1 error sequence "b": node "n": field 'category' missing: it is job, sequence or conditional`,
    `1.yaml:1 error sequence "b": node "n": field 'type' missing: name the type of job, or the sequence that is called`,
    `1.yaml:1 error sequence "c": field 'nodes' missing: a sequence needs at least one`,
  ]);
});

describe('bad input', () => {
  test('__proto__, constructor and the like are names as others', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const nodes = names.map(
      (name) => `${name}: {category: job, type: ${name}, args: [{expected: ${name}}]}`,
    );
    const args = names.map((name) => `{name: ${name}}`).join(', ');
    const { specs, problems: found } = check(
      `sequences: {__proto__: {args: {required: [${args}]}, nodes: {${nodes.join(', ')}}}}`,
    );
    expect(found).toEqual([]);
    expect(specs?.graphs.get('__proto__')?.nodes.map(({ name }) => name)).toEqual(names);
  });

  test.each([
    ['lists in lists', '['.repeat(200_000)],
    ['maps in maps', '{a: '.repeat(100_000)],
    ['dashes', '- '.repeat(100_000)],
    ['binary', '\0\u0001\u00ff'.repeat(1000)],
    ['over 1 MiB', '#'.repeat(1024 ** 2 + 1)],
  ])('%s are refused', (_, text) => {
    const { problems: found, failedAt } = check(text);
    expect(failedAt).toBe('parse');
    expect(found.length).toBeLessThan(10);
  });

  test('aliases that spell out ten to the fortieth lists take no time and no memory', () => {
    const lines = Array.from(
      { length: 40 },
      (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(10)}]`,
    );
    const { failedAt } = check(['a0: &a0 [x]', ...lines, 'sequences: *a40'].join('\n'));
    expect(failedAt).toBe('parse');
  });

  test('aliases that make 9 million nodes of a small file are refused', () => {
    const nodes = Array.from({ length: 3000 }, (_, at) => `  n${at}: {category: job, type: t}`);
    const sequences = Array.from({ length: 3000 }, (_, at) => `  s${at}: {nodes: *nodes}`);
    const text = ['all: &nodes', ...nodes, 'sequences:', ...sequences].join('\n');
    expect(problems(text).join('\n')).toContain('the file has more than 100000 nodes; split it');
  });

  test('of a thousand problems no more are told', () => {
    const sequences = Array.from({ length: 3000 }, (_, at) => `  s${at}: {}`);
    const { problems: found } = check(['sequences:', ...sequences].join('\n'));
    expect(found).toHaveLength(1001);
    expect(found.at(-1)?.text).toBe(
      'there are too many problems to tell; what comes after this was not checked',
    );
  });
});
