/** Every graph check of specification 5, and what follows from the order of nodes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check, sequenceText, told } from './kit.ts';

const errors = (text: string): string[] => told(check(text).problems);

/** `a: [b, c]`: nodes and what each depends on. */
function nodesOf(deps: Readonly<Record<string, readonly string[]>>): string {
  const nodes = Object.entries(deps).map(
    ([name, names]) => `  ${name}: {category: job, type: t, deps: [${names.join(', ')}]}`,
  );
  return ['nodes:', ...nodes].join('\n');
}

describe('dependencies', () => {
  test('a node that depends on itself is an error', () => {
    expect(errors(sequenceText(nodesOf({ a: ['a'] })))).toEqual([
      '1.yaml:4 error sequence "s": node "a": cyclical dependencies: a → a',
    ]);
  });

  test('nodes that depend on each other are named in order, those after them are not', () => {
    expect(errors(sequenceText(nodesOf({ a: ['c'], b: ['a'], c: ['b'], d: ['c'] })))).toEqual([
      '1.yaml:5 error sequence "s": node "b": cyclical dependencies: b → c → a → b',
    ]);
  });

  test('a dependency that is no node is an error, and a near name is suggested', () => {
    expect(errors(sequenceText(nodesOf({ drain: [], kill: ['drian', 'drain'] })))).toEqual([
      '1.yaml:5 error sequence "s": node "kill": it depends on "drian", which is no node of the sequence (did you mean "drain"?)',
    ]);
  });

  test('a dependency that is named twice counts once, and one that follows from another stays', () => {
    const graph = check(
      sequenceText(nodesOf({ c: ['a', 'b', 'a'], b: ['a'], a: [] })),
    ).specs?.graphs.get('s');
    expect(graph?.nodes.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(graph?.parents).toEqual([[], [0], [0, 1]]);
  });

  test('whatever the dependencies, each node comes once and after what it depends on, or a cycle is told', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const deps = fc.dictionary(fc.constantFrom(...names), fc.subarray(names), { minKeys: 1 });
    fc.assert(
      fc.property(deps, (given) => {
        const { specs, problems } = check(sequenceText(nodesOf(given)));
        const graph = specs?.graphs.get('s');
        if (graph === undefined) {
          expect(problems.length).toBeGreaterThan(0);
          return;
        }
        const order = graph.nodes.map(({ name }) => name);
        expect(order.toSorted()).toEqual(Object.keys(given).toSorted());
        order.forEach((name, at) => {
          const parents = (graph.parents[at] ?? []).map((parent) => order[parent]);
          expect(parents.toSorted()).toEqual([...new Set(given[name])].toSorted());
          for (const parent of graph.parents[at] ?? []) expect(parent).toBeLessThan(at);
        });
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});

describe('args', () => {
  test('a node can be given what the sequence has as an arg of any kind', () => {
    const text =
      sequenceText(`args: {required: [{name: a}], optional: [{name: b, default: ''}], static: [{name: c, default: 1}]}
nodes:
  n: {category: job, type: t, args: [{expected: x, given: a}, {expected: b}, {expected: c}]}`);
    expect(errors(text)).toEqual([]);
  });

  test('what is nowhere set is an error that names all that is missing', () => {
    const taken = '{required: [{name: x}, {name: y}, {name: e}]}';
    const callee = `\n  callee: {args: ${taken}, nodes: {m: {category: job, type: t}}}`;
    const text =
      sequenceText(`args: {required: [{name: host}]}
nodes:
  n:
    category: conditional
    if: mode
    eq: {x: callee}
    each: ["elements:e"]
    args: [{expected: x, given: hots}, {expected: y, given: nowhere}]`) + callee;
    expect(errors(text)).toEqual([
      '1.yaml:7 error sequence "s": node "n": "mode" is neither an arg of the sequence nor set by what the node depends on',
      '1.yaml:9 error sequence "s": node "n": "elements" is neither an arg of the sequence nor set by what the node depends on',
      '1.yaml:10 error sequence "s": node "n": "hots" (did you mean "host"?), "nowhere" are neither an arg of the sequence nor set by what the node depends on',
    ]);
  });

  test('what a node sets is there for all that come after it, and for nobody else', () => {
    const reader = 'category: job, type: t, args: [{expected: x}]';
    const text = sequenceText(`nodes:
  setter: {category: job, type: t, sets: [{arg: y, as: x}]}
  between: {category: job, type: t, deps: [setter]}
  after: {${reader}, deps: [between]}
  beside: {${reader}}
  itself: {${reader}, sets: [{arg: x, as: z}]}`);
    const why =
      '"x" (set by setter: add a dependency on it) is neither an arg of the sequence nor set by what the node depends on';
    expect(errors(text)).toEqual([
      `1.yaml:7 error sequence "s": node "beside": ${why}`,
      `1.yaml:8 error sequence "s": node "itself": ${why}`,
    ]);
  });

  test('nothing is inherited from the sequence that calls', () => {
    const text = `sequences:
  caller: {args: {required: [{name: x}]}, nodes: {n: {category: sequence, type: callee}}}
  callee: {nodes: {m: {category: job, type: t, args: [{expected: x}]}}}`;
    expect(errors(text)).toEqual([
      '1.yaml:3 error sequence "callee": node "m": "x" is neither an arg of the sequence nor set by what the node depends on',
      '1.yaml:2 error sequence "caller": node "n": it calls "callee", which failed checks',
    ]);
  });
});

describe('sequences that call each other', () => {
  const calls = (...names: string[]): string =>
    `{nodes: {${names.map((name, at) => `n${at}: {category: sequence, type: ${name}}`).join(', ')}}}`;

  test('a sequence that calls itself is an error', () => {
    expect(errors(`sequences:\n  a: ${calls('a')}`)).toEqual([
      '1.yaml:2 error sequence "a": part of cyclical dependency among sequences: a → a',
    ]);
  });

  test('a circle of calls is an error of each in it and above it, and of no other', () => {
    const text = `sequences:
  above: ${calls('leaf', 'a')}
  a: ${calls('leaf', 'b')}
  b: {nodes: {n: {category: conditional, if: v, eq: {x: leaf, y: a}, deps: [m]}, m: {category: job, type: t, sets: [{arg: v}]}}}
  leaf: {nodes: {n: {category: job, type: t}}}`;
    expect(errors(text)).toEqual([
      '1.yaml:2 error sequence "above": part of cyclical dependency among sequences: above → a → b → a',
      '1.yaml:3 error sequence "a": part of cyclical dependency among sequences: a → b → a',
      '1.yaml:4 error sequence "b": part of cyclical dependency among sequences: b → a → b',
    ]);
  });

  test('a failure goes up to all that call, through as many calls as there are', () => {
    const depth = 5000;
    const chain = Array.from({ length: depth }, (_, at) => `  s${at}: ${calls(`s${at + 1}`)}`);
    const text = [
      'sequences:',
      ...chain,
      `  s${depth}: {nodes: {n: {category: job, type: t, deps: [n]}}}`,
    ].join('\n');
    const { problems } = check(text);
    expect(problems).toHaveLength(depth + 1);
    expect(told(problems).at(-1)).toBe(
      '1.yaml:2 error sequence "s0": node "n0": it calls "s1", which failed checks',
    );
  });
});

describe('sets of calls', () => {
  const callees = `
  one: {args: {required: [{name: in}], static: [{name: fixed, default: 1}]}, nodes: {n: {category: job, type: t, sets: [{arg: a, as: x}, {arg: y}]}}}
  two: {args: {required: [{name: in}]}, nodes: {n: {category: job, type: t, sets: [{arg: x}]}}}`;
  const caller = (node: string): string =>
    `sequences:\n  s: {args: {required: [{name: in}]}, nodes: {n: {${node}, args: [{expected: in}]}}}${callees}`;

  test('a sequence produces what its nodes set and its own args', () => {
    const sets = 'sets: [{arg: x}, {arg: y}, {arg: in, as: out}, {arg: fixed}]';
    expect(errors(caller(`category: sequence, type: one, ${sets}`))).toEqual([]);
  });

  test('what it does not produce is an error', () => {
    expect(
      errors(caller('category: sequence, type: two, sets: [{arg: x}, {arg: y}, {arg: a}]')),
    ).toEqual(['1.yaml:2 error sequence "s": node "n": "two" does not set "y" and "a"']);
  });

  test('a conditional produces what all its sequences do', () => {
    const node = 'category: conditional, if: in, eq: {x: one, default: two}';
    expect(errors(caller(`${node}, sets: [{arg: x}]`))).toEqual([]);
    expect(errors(caller(`${node}, sets: [{arg: x}, {arg: y}]`))).toEqual([
      '1.yaml:2 error sequence "s": node "n": "one" and "two" do not all set "y"',
    ]);
  });

  test('whether a job sets what it declares is not looked at', () => {
    expect(errors(caller('category: job, type: t, sets: [{arg: anything}]'))).toEqual([]);
  });
});
