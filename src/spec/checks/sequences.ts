/** Checks of a sequence's nodes as a whole (specification 4). */
import { missing } from '../problem.ts';
import { argsOf, namesOf } from '../types.ts';
import type { SequenceCheck } from './check.ts';
import { listed } from './check.ts';
import type { Fault } from '../problem.ts';

/** "Has nodes": error, Missing `nodes`. */
export const hasNodes: SequenceCheck = ({ nodes, lines }) =>
  nodes.size > 0
    ? []
    : [missing({ field: 'nodes', why: 'a sequence needs at least one', line: lines.get('nodes') })];

/**
 * "Sets unique across nodes": warning, Duplicate `nodes.sets.as`, for a name that two nodes set, or that a
 * node sets and the sequence has as an arg.
 */
export const setsUniqueAcrossNodes: SequenceCheck = (sequence) => {
  const setters = new Map<string, Set<string>>();
  const add = (name: string, setter: string): void => {
    setters.set(name, (setters.get(name) ?? new Set()).add(setter));
  };
  for (const name of namesOf(argsOf(sequence))) add(name, 'this sequence');
  const lines = new Map<string, number>();
  for (const node of sequence.nodes.values()) {
    for (const { as, line } of node.sets) {
      if (as === undefined) continue;
      add(as, node.name);
      lines.set(as, line);
    }
  }
  return [...setters].flatMap(([name, by]) =>
    by.size > 1 ? [setTwice(name, [...by], lines)] : [],
  );
};

function setTwice(name: string, by: readonly string[], lines: ReadonlyMap<string, number>): Fault {
  const value = `${name} (set by ${by.join(', ')})`;
  return {
    kind: 'duplicate',
    field: 'nodes.sets.as',
    values: [value],
    text: `arg "${name}" is set by ${listed(by)} in field 'nodes.sets.as'; the one that is set last counts`,
    line: lines.get(name),
  };
}
