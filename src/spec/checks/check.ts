/** What a check of section 4 of the specification is: a function from what it looks at to what is wrong. */
import type { Fault } from '../problem.ts';
import type { NodeSpec, Sequences, SequenceSpec } from '../types.ts';

/** Looks at a sequence as a whole. */
export type SequenceCheck = (sequence: SequenceSpec) => readonly Fault[];

/** Looks at one node; the sequences are those it may call. */
export type NodeCheck = (node: NodeSpec, all: Sequences) => readonly Fault[];

/** Values that come more than once, each once, in the order of their second coming. */
export function repeated<T>(values: readonly T[]): T[] {
  const seen = new Set<T>();
  const twice = new Set<T>();
  for (const value of values) (seen.has(value) ? twice : seen).add(value);
  return [...twice];
}

/** Firsts that are paired with more than one second, each once. */
export function ambiguous(pairs: readonly (readonly [string, string])[]): string[] {
  const seconds = new Map<string, Set<string>>();
  for (const [first, second] of pairs) {
    const own = seconds.get(first);
    if (own === undefined) seconds.set(first, new Set([second]));
    else own.add(second);
  }
  return [...seconds].flatMap(([first, own]) => (own.size > 1 ? [first] : []));
}

/** `list` of them, or nothing: a fault is told once with all its values. */
export function whenAny<T>(values: readonly T[], fault: (values: readonly T[]) => Fault): Fault[] {
  return values.length === 0 ? [] : [fault(values)];
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
