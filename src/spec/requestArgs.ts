/** The args of a request by its spec (specification 6.1): who gave each, and what is refused. */
import { MillraceError } from '../protocol/errors.ts';
import { hintFor } from './hint.ts';
import { argsOf, namesOf } from './types.ts';
import type { ArgSpec, SequenceArgs, SequenceSpec } from './types.ts';

/** One arg of a request, as it is kept and shown. */
export type RequestArg = {
  name: string;
  kind: keyof SequenceArgs;
  /** Among those of its kind, from 0. */
  position: number;
  desc: string | undefined;
  /** Whoever asked for the request gave it. */
  isGiven: boolean;
  default: string | undefined;
  value: unknown;
};

/**
 * The args in the order required, optional, static. Throws MillraceError `plan` for what is missing, and
 * for what the spec does not take: a static arg cannot be given (section 15).
 */
export function requestArgs(spec: SequenceSpec, given: unknown): readonly RequestArg[] {
  const values = valuesOf(spec, given);
  const { required, optional, static: fixed } = spec.args;
  refuseUndeclared(spec, values);
  const lacking = namesOf(required).filter((name) => !values.has(name));
  if (lacking.length > 0) {
    const are = lacking.length === 1 ? 'arg is' : 'args are';
    throw refusal(spec, `the required ${are} missing: ${lacking.join(', ')}`);
  }
  return [
    ...required.map((arg, at) => recordOf('required', arg, at, values)),
    ...optional.map((arg, at) => recordOf('optional', arg, at, values)),
    ...fixed.map((arg, at) => recordOf('static', arg, at, new Map())),
  ];
}

function valuesOf(spec: SequenceSpec, given: unknown): ReadonlyMap<string, unknown> {
  if (given === undefined || given === null) return new Map();
  if (typeof given === 'object' && !Array.isArray(given)) {
    return new Map(Object.entries(given).filter(([, value]) => value !== undefined));
  }
  throw refusal(spec, 'args must be an object of values by name');
}

function refuseUndeclared(spec: SequenceSpec, values: ReadonlyMap<string, unknown>): void {
  const { required, optional, static: fixed } = spec.args;
  const taken = namesOf([...required, ...optional]);
  const undeclared = [...values.keys()].find((name) => !taken.includes(name));
  if (undeclared === undefined) return;
  if (namesOf(fixed).includes(undeclared)) {
    throw refusal(
      spec,
      `arg "${undeclared}" is static: the spec alone says what it is; leave it out`,
    );
  }
  const takes = taken.length === 0 ? 'it takes none' : `it takes ${taken.join(', ')}`;
  throw refusal(spec, `it takes no arg "${undeclared}"${hintFor(undeclared, taken)}; ${takes}`);
}

function recordOf(
  kind: RequestArg['kind'],
  { name = '', desc, default: text }: ArgSpec,
  position: number,
  values: ReadonlyMap<string, unknown>,
): RequestArg {
  const isGiven = values.has(name);
  const value = isGiven ? values.get(name) : text;
  return { name, kind, position, desc, isGiven, default: text, value };
}

/** What a sequence adds to the args that it is called with: defaults of those that are not there. */
export function addDefaults(spec: SequenceSpec, args: Map<string, unknown>): void {
  for (const { name, default: text } of argsOf(spec)) {
    if (name !== undefined && text !== undefined && !args.has(name)) args.set(name, text);
  }
}

function refusal({ name }: SequenceSpec, problem: string): MillraceError {
  return new MillraceError('plan', `request "${name}": ${problem}`);
}
