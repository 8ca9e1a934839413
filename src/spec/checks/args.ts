/** Checks of the args of a sequence (specification 4). */
import { duplicate, invalid, missing } from '../problem.ts';
import type { Fault } from '../problem.ts';
import { argsOf, namesOf } from '../types.ts';
import type { SequenceArgs } from '../types.ts';
import { repeated, whenAny } from './check.ts';
import type { SequenceCheck } from './check.ts';

type ArgKind = keyof SequenceArgs;

/** "Required args named": error, Missing `args.required.name`. */
export const requiredArgsNamed: SequenceCheck = ({ args }) => unnamed(args, 'required');

/** "Optional args named": error, Missing `args.optional.name`. */
export const optionalArgsNamed: SequenceCheck = ({ args }) => unnamed(args, 'optional');

/** "Static args named": error, Missing `args.static.name`. */
export const staticArgsNamed: SequenceCheck = ({ args }) => unnamed(args, 'static');

/** "Optional have defaults": error, Missing `args.optional.default`; an empty text is one. */
export const optionalArgsHaveDefaults: SequenceCheck = ({ args }) =>
  withoutDefault(args, 'optional');

/** "Static have defaults": error, Missing `args.static.default`. */
export const staticArgsHaveDefaults: SequenceCheck = ({ args }) => withoutDefault(args, 'static');

/** "Required have no default": error, Invalid `args.required.default`. */
export const requiredArgsHaveNoDefaults: SequenceCheck = ({ args }) =>
  args.required.flatMap(({ name = '', default: text, line }) =>
    text === undefined
      ? []
      : invalid({
          field: 'args.required.default',
          values: [`${text} (${name})`],
          expected: 'no default; an arg that has one is optional',
          line,
        }),
  );

/** "No duplicate args": error, Duplicate `args.*.name`, across the three lists. */
export const noDuplicateArgs: SequenceCheck = (sequence) =>
  whenAny(repeated(namesOf(argsOf(sequence))), (values) =>
    duplicate({
      field: 'args.*.name',
      values,
      why: 'an arg is required, optional or static, and only one of them',
      line: argsOf(sequence).findLast(({ name }) => name === values[0])?.line,
    }),
  );

function unnamed(args: SequenceArgs, kind: ArgKind): Fault[] {
  return args[kind].flatMap(({ name, line }) =>
    name === undefined ? [missing({ field: `args.${kind}.name`, line })] : [],
  );
}

function withoutDefault(args: SequenceArgs, kind: ArgKind): Fault[] {
  return args[kind].flatMap(({ name, default: text, line }) => {
    if (text !== undefined) return [];
    const why = `${kind} arg "${name ?? ''}" needs one, if only an empty one ('')`;
    return [missing({ field: `args.${kind}.default`, why, line })];
  });
}
