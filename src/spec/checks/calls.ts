/** Checks of the sequences that a node calls (specification 4). */
import { hintFor } from '../hint.ts';
import { invalid, missing } from '../problem.ts';
import type { Fault } from '../problem.ts';
import { namesOf, targetsOf } from '../types.ts';
import type { NodeSpec, Sequences, SequenceSpec } from '../types.ts';
import { listed } from './check.ts';
import type { NodeCheck } from './check.ts';

/** "Subsequences exist": error, Invalid `type` or `eq`, the names that are no sequences. */
export const subsequencesExist: NodeCheck = (node, all) => {
  const unknown = targetsOf(node).filter((name) => !all.has(name));
  if (unknown.length === 0) return [];
  const field = node.category === 'sequence' ? 'type' : 'eq';
  const hints = unknown.map((name) => hintFor(name, all.keys())).join('');
  const line = node.lines.get(field);
  return [invalid({ field, values: unknown, expected: `the name of a sequence${hints}`, line })];
};

/** "Required args provided": error, Missing `args`, for each arg that a callable sequence requires. */
export const requiredArgsProvided: NodeCheck = (node, all) => {
  const passed = passedBy(node);
  const lacking = new Map<string, string[]>();
  for (const { name, args } of calledBy(node, all)) {
    for (const arg of namesOf(args.required)) {
      if (!passed.has(arg)) lacking.set(arg, [...(lacking.get(arg) ?? []), name]);
    }
  }
  return [...lacking].map(([arg, sequences]): Fault => {
    const hint = hintFor(arg, passed);
    const why = `${listed(sequences)} ${sequences.length === 1 ? 'requires' : 'require'} "${arg}"${hint}`;
    return missing({ field: 'args', why, line: node.lines.get('args') });
  });
};

/** "No extra args": warning, Invalid, for what no callable sequence declares as required or optional. */
export const noExtraArgs: NodeCheck = (node, all) => {
  const called = calledBy(node, all);
  // Which args a sequence that does not exist takes nobody knows.
  if (called.length === 0 || called.length < targetsOf(node).length) return [];
  const declared = new Set(
    called.flatMap(({ args }) => namesOf([...args.required, ...args.optional])),
  );
  const extra = [...passedBy(node)].filter((name) => !declared.has(name));
  if (extra.length === 0) return [];
  const hints = extra.map((name) => hintFor(name, declared)).join('');
  const names = listed(called.map(({ name }) => name));
  const [take, none] = called.length === 1 ? ['takes', 'takes none'] : ['take', 'take none'];
  return [
    invalid({
      field: `args', 'each.element`,
      values: extra,
      expected:
        declared.size === 0 ? `none: ${names} ${none}` : `args that ${names} ${take}${hints}`,
      line: node.lines.get('args') ?? node.lines.get('each'),
    }),
  ];
};

function calledBy(node: NodeSpec, all: Sequences): SequenceSpec[] {
  return targetsOf(node).flatMap((name) => all.get(name) ?? []);
}

function passedBy({ args, each }: NodeSpec): Set<string> {
  return new Set([
    ...args.flatMap(({ expected }) => expected ?? []),
    ...each.flatMap(({ element }) => element ?? []),
  ]);
}
