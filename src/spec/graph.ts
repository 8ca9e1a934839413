/**
 * The graph of one sequence (specification 5, steps 1 to 4): its nodes in an order in which each comes
 * after what it depends on, and whether each finds the args that it needs.
 */
import { findCycle } from '../../machines/graph.ts';
import { hintFor } from './hint.ts';
import { listed } from './checks/check.ts';
import type { Fault } from './problem.ts';
import { argsOf, namesOf } from './types.ts';
import type { NodeSpec, SequenceSpec } from './types.ts';

/** Nodes in topological order, each as soon as it can be, and otherwise in the order of the file. */
export type SequenceGraph = {
  nodes: readonly NodeSpec[];
  /** Of each node, places in `nodes`; each once. */
  parents: readonly (readonly number[])[];
};

/** A fault of a node. */
export type NodeFault = Fault & { node: string; line: number };

/** The graph; undefined where the faults say that there is none. */
export function graphOf(sequence: SequenceSpec): {
  graph?: SequenceGraph;
  faults: readonly NodeFault[];
} {
  const nodes = [...sequence.nodes.values()];
  const numbers = new Map(nodes.map(({ name }, at) => [name, at]));
  const unknown = nodes.flatMap((node) => unknownDeps(node, numbers));
  const parents = nodes.map(({ deps }) => [
    ...new Set(deps.flatMap((dep) => numbers.get(dep) ?? [])),
  ]);
  const cycle = findCycle(parents);
  if (cycle !== undefined) return { faults: [...unknown, cyclic(nodes, cycle)] };
  if (unknown.length > 0) return { faults: unknown };
  const graph = ordered(nodes, parents);
  const faults = unavailable(sequence, graph);
  return faults.length > 0 ? { faults } : { graph, faults };
}

/** "An unknown dep name": error. */
function unknownDeps(node: NodeSpec, numbers: ReadonlyMap<string, number>): NodeFault[] {
  return node.deps.flatMap((dep) => {
    if (numbers.has(dep)) return [];
    const text = `it depends on "${dep}", which is no node of the sequence${hintFor(dep, numbers.keys())}`;
    return fault(node, 'deps', [dep], text);
  });
}

/** "Cyclical dependencies": error, with the nodes of the cycle in order. */
function cyclic(nodes: readonly NodeSpec[], cycle: readonly number[]): NodeFault {
  const names = cycle.map((at) => nodes[at]?.name ?? '');
  const [first] = cycle.flatMap((at) => nodes[at] ?? []);
  const shown = names.length > 20 ? [...names.slice(0, 18), '…'] : names;
  const text = `cyclical dependencies: ${[...shown, names[0] ?? ''].join(' → ')}`;
  return { kind: 'graph', field: 'deps', values: names, text, ...placeOf(first, 'deps') };
}

/** Kahn's way; the lists are walked once. */
function ordered(
  nodes: readonly NodeSpec[],
  parents: readonly (readonly number[])[],
): SequenceGraph {
  const children: number[][] = nodes.map(() => []);
  const open = parents.map((list) => list.length);
  parents.forEach((list, child) => list.forEach((parent) => children[parent]?.push(child)));
  const order = open.flatMap((count, at) => (count === 0 ? [at] : []));
  for (const at of order) {
    for (const child of children[at] ?? []) {
      open[child] = (open[child] ?? 0) - 1;
      if (open[child] === 0) order.push(child);
    }
  }
  const places = new Int32Array(nodes.length);
  order.forEach((at, place) => (places[at] = place));
  return {
    nodes: order.flatMap((at) => nodes[at] ?? []),
    parents: order.map((at) => (parents[at] ?? []).map((parent) => places[parent] ?? 0)),
  };
}

/**
 * "Args available": error. What a node is given is an arg of the sequence, or set by a node that it
 * depends on, be it through others: what happens to be set earlier is not enough (section 15).
 */
function unavailable(sequence: SequenceSpec, graph: SequenceGraph): NodeFault[] {
  const own = new Set(namesOf(argsOf(sequence)));
  const settled = new Settled(graph);
  return graph.nodes.flatMap((node, at) =>
    needsOf(node).flatMap(({ field, names }) => {
      const lacking = names.filter((name) => !own.has(name) && !settled.isBefore(name, at));
      if (lacking.length === 0) return [];
      return fault(node, field, lacking, unavailableText(lacking, settled, own));
    }),
  );
}

function needsOf(node: NodeSpec): { field: string; names: readonly string[] }[] {
  const unique = (names: readonly (string | undefined)[]): string[] => [
    ...new Set(names.flatMap((name) => name ?? [])),
  ];
  return [
    { field: 'if', names: unique([node.if]) },
    { field: 'each', names: unique(node.each.map(({ list }) => list)) },
    { field: 'args', names: unique(node.args.map(({ given }) => given)) },
  ];
}

function unavailableText(
  names: readonly string[],
  settled: Settled,
  own: ReadonlySet<string>,
): string {
  const each = names.map((name) => {
    const setters = settled.settersOf(name);
    const why =
      setters.length > 0
        ? ` (set by ${listed(setters)}: add a dependency on it)`
        : hintFor(name, [...own, ...settled.names()]);
    return `"${name}"${why}`;
  });
  const are = names.length === 1 ? 'is' : 'are';
  return `${each.join(', ')} ${are} neither an arg of the sequence nor set by what the node depends on`;
}

/** Which nodes come after one that sets a name; found once a name, when it is asked for. */
class Settled {
  readonly #graph: SequenceGraph;
  readonly #setters = new Map<string, number[]>();
  readonly #after = new Map<string, Uint8Array>();

  constructor(graph: SequenceGraph) {
    this.#graph = graph;
    graph.nodes.forEach(({ sets }, at) => {
      for (const { as } of sets) {
        if (as !== undefined) this.#setters.set(as, [...(this.#setters.get(as) ?? []), at]);
      }
    });
  }

  isBefore(name: string, node: number): boolean {
    if (!this.#setters.has(name)) return false;
    const after = this.#after.get(name) ?? this.#mark(name);
    return after[node] === 1;
  }

  names(): Iterable<string> {
    return this.#setters.keys();
  }

  settersOf(name: string): string[] {
    return (this.#setters.get(name) ?? []).flatMap((at) => this.#graph.nodes[at]?.name ?? []);
  }

  #mark(name: string): Uint8Array {
    const { parents } = this.#graph;
    const sets = new Set(this.#setters.get(name));
    const after = new Uint8Array(parents.length);
    parents.forEach((list, at) => {
      if (list.some((parent) => sets.has(parent) || after[parent] === 1)) after[at] = 1;
    });
    this.#after.set(name, after);
    return after;
  }
}

function fault(node: NodeSpec, field: string, values: readonly string[], text: string): NodeFault {
  return { kind: 'graph', field, values, text, ...placeOf(node, field) };
}

function placeOf(node: NodeSpec | undefined, field: string): { node: string; line: number } {
  return { node: node?.name ?? '', line: node?.lines.get(field) ?? node?.line ?? 1 };
}
