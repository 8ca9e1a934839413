/** Checks of what a node is repeated over (specification 4). */
import { duplicate, invalid, missing } from '../problem.ts';
import type { NodeSpec } from '../types.ts';
import { ambiguous, repeated, whenAny } from './check.ts';
import type { NodeCheck } from './check.ts';

/** "Valid each": error, Invalid `each`, the entries that do not split into a list and an element. */
export const validEach: NodeCheck = ({ each }) =>
  whenAny(
    each.filter(({ element }) => element === undefined),
    (bad) =>
      invalid({
        field: 'each',
        values: bad.map(({ text }) => text),
        expected: 'list:element, two names with a colon between',
        line: bad[0]?.line,
      }),
  );

/** "Each element unique": error, Duplicate `each`, the element. */
export const eachElementsUnique: NodeCheck = (node) =>
  whenAny(repeated(elementsOf(node)), (values) =>
    duplicate({
      field: 'each',
      values,
      why: 'two lists cannot give the same arg',
      line: lineOfElement(node, values[0]),
    }),
  );

/** "Each element vs args.expected": error, Duplicate `each`, the element that is an arg as well. */
export const eachElementIsNoArg: NodeCheck = (node) => {
  const expected = new Set(node.args.map((arg) => arg.expected));
  const both = [...new Set(elementsOf(node))].filter((element) => expected.has(element));
  return whenAny(both, (values) =>
    duplicate({
      field: 'each',
      values,
      why: 'it is in args.expected, too; keep one of them',
      line: lineOfElement(node, values[0]),
    }),
  );
};

/** "Parallel valid": error, Invalid `parallel`. */
export const validParallel: NodeCheck = ({ parallel, lines }) =>
  parallel === 0
    ? [
        invalid({
          field: 'parallel',
          values: ['0'],
          expected: 'at least 1, or no parallel for all at once',
          line: lines.get('parallel'),
        }),
      ]
    : [];

/** "Each if parallel": error, Missing `each`. */
export const parallelHasEach: NodeCheck = ({ parallel, each, lines }) =>
  parallel !== undefined && each.length === 0
    ? [
        missing({
          field: 'each',
          why: 'parallel is for nodes that are repeated',
          line: lines.get('parallel'),
        }),
      ]
    : [];

/** "Each not renamed twice": warning, Duplicate `each`, a list that gives two elements. */
export const eachListOnce: NodeCheck = (node) => {
  const pairs = node.each.flatMap(({ list, element }) =>
    list === undefined || element === undefined ? [] : [[list, element] as const],
  );
  return whenAny(ambiguous(pairs), (values) =>
    duplicate({
      field: 'each',
      values,
      why: 'the same list gives several elements',
      line: lineOfList(node, values[0]),
    }),
  );
};

/** "Each list vs args.given": warning, Duplicate `each`, a list that is passed whole as well. */
export const eachListIsNoGiven: NodeCheck = (node) => {
  const given = new Set(node.args.map((arg) => arg.given));
  const lists = node.each.flatMap(({ list }) =>
    list !== undefined && given.has(list) ? [list] : [],
  );
  return whenAny([...new Set(lists)], (values) =>
    duplicate({
      field: 'each',
      values,
      why: 'the list is passed whole in args.given, too',
      line: lineOfList(node, values[0]),
    }),
  );
};

function elementsOf({ each }: NodeSpec): string[] {
  return each.flatMap(({ element }) => element ?? []);
}

function lineOfElement({ each }: NodeSpec, name: string | undefined): number | undefined {
  return each.findLast(({ element }) => element === name)?.line;
}

function lineOfList({ each }: NodeSpec, name: string | undefined): number | undefined {
  return each.findLast(({ list }) => list === name)?.line;
}
