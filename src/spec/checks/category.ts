/** Checks of what kind of node a node is, and that it has that kind's fields (specification 4). */
import { hintFor } from '../hint.ts';
import { invalid, missing } from '../problem.ts';
import type { NodeCheck } from './check.ts';

const categories = ['job', 'sequence', 'conditional'];

/** "Has category": error, Missing `category`. */
export const hasCategory: NodeCheck = ({ category, line }) =>
  category === undefined
    ? [missing({ field: 'category', why: 'it is job, sequence or conditional', line })]
    : [];

/** "Valid category": error, Invalid `category`. */
export const validCategory: NodeCheck = ({ category, lines }) => {
  if (category === undefined || categories.includes(category)) return [];
  const expected = `job, sequence or conditional${hintFor(category, categories)}`;
  return [
    invalid({ field: 'category', values: [category], expected, line: lines.get('category') }),
  ];
};

/** "Non-conditional has type": error, Missing `type`. */
export const hasType: NodeCheck = ({ category, type }) => {
  if (category === 'conditional' || type !== undefined) return [];
  return [missing({ field: 'type', why: 'name the type of job, or the sequence that is called' })];
};

/** "Conditional has if": error, Missing `if`. */
export const conditionalHasIf: NodeCheck = ({ category, if: arg }) =>
  category === 'conditional' && arg === undefined
    ? [missing({ field: 'if', why: 'name the arg whose value decides' })]
    : [];

/** "Conditional has eq": error, Missing `eq`. */
export const conditionalHasEq: NodeCheck = ({ category, eq, lines }) =>
  category === 'conditional' && eq.size === 0
    ? [missing({ field: 'eq', why: 'name a sequence for each value', line: lines.get('eq') })]
    : [];

/** "Conditional no type": error, Invalid `type`. */
export const conditionalHasNoType: NodeCheck = ({ category, type, lines }) =>
  category === 'conditional' && type !== undefined
    ? [
        invalid({
          field: 'type',
          values: [type],
          expected: 'no type in a conditional; its sequences stand in eq',
          line: lines.get('type'),
        }),
      ]
    : [];

/** "Non-conditional no if": error, Invalid `if`. */
export const onlyConditionalHasIf: NodeCheck = ({ category, if: arg, lines }) =>
  category !== 'conditional' && arg !== undefined
    ? [
        invalid({
          field: 'if',
          values: [arg],
          expected: 'it in nodes of category conditional alone',
          line: lines.get('if'),
        }),
      ]
    : [];

/** "Non-conditional no eq": error, Invalid `eq`, one value that shows the map. */
export const onlyConditionalHasEq: NodeCheck = ({ category, eq, lines }) => {
  if (category === 'conditional' || eq.size === 0) return [];
  const shown = [...eq].map(([value, target]) => `${value}: ${target}`).join(', ');
  return [
    invalid({
      field: 'eq',
      values: [`{${shown}}`],
      expected: 'it in nodes of category conditional alone',
      line: lines.get('eq'),
    }),
  ];
};
