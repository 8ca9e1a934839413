/** Checks of what a node is given and what it sets (specification 4). */
import { duplicate, invalid, missing } from '../problem.ts';
import { ambiguous, repeated, whenAny } from './check.ts';
import type { NodeCheck } from './check.ts';

/** "Args not nil": error, Invalid `args` "nil". */
export const argsNotNull: NodeCheck = ({ args }) => nulls('args', 'expected and given', args);

/** "Args named": error, Missing `args.expected`. */
export const argsNamed: NodeCheck = ({ args }) =>
  args.flatMap(({ expected, isNull, line }) =>
    expected === undefined && !isNull
      ? missing({ field: 'args.expected', why: 'say what the node calls it', line })
      : [],
  );

/** "Args.expected unique": error, Duplicate `args.expected`, whatever is given. */
export const expectedUnique: NodeCheck = ({ args }) =>
  whenAny(repeated(args.flatMap(({ expected }) => expected ?? [])), (values) =>
    duplicate({
      field: 'args.expected',
      values,
      why: 'the node can be given it only once',
      line: args.findLast(({ expected }) => expected === values[0])?.line,
    }),
  );

/** "Args not renamed twice": warning, Duplicate `args.given`. */
export const givenOnce: NodeCheck = ({ args }) => {
  const pairs = args.flatMap(({ given, expected }) =>
    given === undefined || expected === undefined ? [] : [[given, expected] as const],
  );
  return whenAny(ambiguous(pairs), (values) =>
    duplicate({
      field: 'args.given',
      values,
      why: 'the node is given the same value under several names',
      line: args.findLast(({ given }) => given === values[0])?.line,
    }),
  );
};

/** "Sets not nil": error, Invalid `sets` "nil". */
export const setsNotNull: NodeCheck = ({ sets }) => nulls('sets', 'arg and as', sets);

/** "Sets named": error, Missing `sets.arg`. */
export const setsNamed: NodeCheck = ({ sets }) =>
  sets.flatMap(({ arg, isNull, line }) =>
    arg === undefined && !isNull
      ? missing({ field: 'sets.arg', why: 'say what the node calls it', line })
      : [],
  );

/** "Sets.as unique": error, Duplicate `sets.as`. */
export const setsAsUnique: NodeCheck = ({ sets }) =>
  whenAny(repeated(sets.flatMap(({ as }) => as ?? [])), (values) =>
    duplicate({
      field: 'sets.as',
      values,
      why: 'the last of them would count',
      line: sets.findLast(({ as }) => as === values[0])?.line,
    }),
  );

/** "Sets not renamed twice": warning, Duplicate `sets.arg`. */
export const setsArgOnce: NodeCheck = ({ sets }) => {
  const pairs = sets.flatMap(({ arg, as }) =>
    arg === undefined || as === undefined ? [] : [[arg, as] as const],
  );
  return whenAny(ambiguous(pairs), (values) =>
    duplicate({
      field: 'sets.arg',
      values,
      why: 'the same arg is set under several names',
      line: sets.findLast(({ arg }) => arg === values[0])?.line,
    }),
  );
};

function nulls(
  field: string,
  fields: string,
  entries: readonly { isNull: boolean; line: number }[],
): ReturnType<NodeCheck> {
  return entries.flatMap(({ isNull, line }) =>
    isNull ? invalid({ field, values: ['nil'], expected: `an entry with ${fields}`, line }) : [],
  );
}
