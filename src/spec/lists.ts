/**
 * Which args of a sequence must be lists: those that a node is repeated over, here or in a sequence that it
 * is passed to. So a wrong one is refused before anything is planned, and `hosts=["a","b"]` is read as one.
 */
import type { Specs } from './check.ts';
import { callOrder } from './graphs.ts';
import { argsOf, namesOf, targetsOf } from './types.ts';
import type { NodeSpec } from './types.ts';

/** Names of the list args by sequence. */
export function listArgs({ sequences }: Specs): ReadonlyMap<string, ReadonlySet<string>> {
  const lists = new Map<string, ReadonlySet<string>>();
  for (const sequence of callOrder(sequences).order) {
    const nodes = [...sequence.nodes.values()];
    const used = new Set(nodes.flatMap((node) => usedAsLists(node, lists)));
    // What a node sets may be a list where the arg was none.
    const set = new Set(nodes.flatMap(({ sets }) => sets.map(({ as }) => as)));
    const own = namesOf(argsOf(sequence)).filter((name) => used.has(name) && !set.has(name));
    lists.set(sequence.name, new Set(own));
  }
  return lists;
}

function usedAsLists(
  node: NodeSpec,
  lists: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] {
  const wanted = targetsOf(node).map((name) => lists.get(name));
  const passed = node.args.flatMap(({ expected = '', given = '' }) =>
    wanted.length > 0 && wanted.every((names) => names?.has(expected)) ? [given] : [],
  );
  return [...node.each.flatMap(({ list }) => list ?? []), ...passed];
}
