/**
 * The graphs of all sequences, and what holds between them (specification 5, steps 5 to 7): who calls
 * whom in a circle, whose callee has failed, and what callers want set.
 */
import { listed } from './checks/check.ts';
import { graphOf } from './graph.ts';
import type { SequenceGraph } from './graph.ts';
import { hasErrors } from './problem.ts';
import type { Problem } from './problem.ts';
import { argsOf, namesOf, targetsOf } from './types.ts';
import type { NodeSpec, Sequences, SequenceSpec } from './types.ts';

/** By the sequence's name. */
export type Graphs = ReadonlyMap<string, SequenceGraph>;

/** The graphs, absent where there are problems; for sequences without static errors. */
export function checkGraphs(sequences: Sequences): { graphs?: Graphs; problems: Problem[] } {
  const graphs = new Map<string, SequenceGraph>();
  const failed = new Set<string>();
  const problems: Problem[] = [];
  const add = (found: readonly Problem[], { name }: SequenceSpec): void => {
    if (found.length > 0) failed.add(name);
    problems.push(...found);
  };
  for (const sequence of sequences.values()) {
    const { graph, faults } = graphOf(sequence);
    if (graph !== undefined) graphs.set(sequence.name, graph);
    add(
      faults.map((fault) => ({ ...fault, ...placeOf(sequence), level: 'error' })),
      sequence,
    );
    add(checkSets(sequence, sequences), sequence);
  }
  const { order, circular } = callOrder(sequences);
  for (const sequence of circular) add([inCircle(sequence, sequences, circular)], sequence);
  // Callees first, so that a failure reaches all above it.
  for (const sequence of order) add(failedCallees(sequence, failed), sequence);
  return hasErrors(problems) ? { problems } : { graphs, problems };
}

/** Sequences with those they call before them; `circular` are those in a circle of calls or above one. */
export function callOrder(sequences: Sequences): {
  order: readonly SequenceSpec[];
  circular: ReadonlySet<SequenceSpec>;
} {
  const callers = new Map<string, SequenceSpec[]>();
  const open = new Map<SequenceSpec, number>();
  for (const sequence of sequences.values()) {
    const callees = calleesOf(sequence);
    open.set(sequence, callees.size);
    for (const name of callees) {
      const own = callers.get(name);
      if (own === undefined) callers.set(name, [sequence]);
      else own.push(sequence);
    }
  }
  const order = [...sequences.values()].filter((sequence) => open.get(sequence) === 0);
  for (const { name } of order) {
    for (const caller of callers.get(name) ?? []) {
      const left = (open.get(caller) ?? 0) - 1;
      open.set(caller, left);
      if (left === 0) order.push(caller);
    }
  }
  const done = new Set(order);
  return { order, circular: new Set([...sequences.values()].filter((each) => !done.has(each))) };
}

function calleesOf({ nodes }: SequenceSpec): Set<string> {
  return new Set([...nodes.values()].flatMap(targetsOf));
}

/** Of a longer way round only the beginning is told. */
const maxShown = 20;

/** "Cyclical dependency among sequences": error of each that is in a circle or above one, with the way round. */
function inCircle(
  sequence: SequenceSpec,
  all: Sequences,
  circular: ReadonlySet<SequenceSpec>,
): Problem {
  const way = [sequence];
  // Whoever is above a circle calls somebody who is, so the way goes on until it comes round.
  while (way.length < maxShown) {
    const callees = [...calleesOf(way.at(-1) ?? sequence)].flatMap((name) => all.get(name) ?? []);
    const next = callees.find((callee) => circular.has(callee)) ?? sequence;
    const isRound = way.includes(next);
    way.push(next);
    if (isRound) break;
  }
  const values = way.map(({ name }) => name);
  const more = way.length === maxShown ? ' → …' : '';
  const text = `part of cyclical dependency among sequences: ${values.join(' → ')}${more}`;
  return { kind: 'graph', level: 'error', values, text, ...placeOf(sequence), line: sequence.line };
}

/** "Subsequence(s) failed checks": error of every sequence that calls one with an error. */
function failedCallees(sequence: SequenceSpec, failed: ReadonlySet<string>): Problem[] {
  return [...sequence.nodes.values()].flatMap((node): Problem[] => {
    const names = targetsOf(node).filter((name) => failed.has(name));
    if (names.length === 0) return [];
    const text = `it calls ${listed(names.map((name) => `"${name}"`))}, which failed checks`;
    return [problemOf(sequence, node, { field: fieldOf(node), values: names, text })];
  });
}

/**
 * "Sets check": error, of a node that calls sequences and declares a set that they do not all produce. A
 * sequence produces its own args and all that its nodes set.
 */
function checkSets(sequence: SequenceSpec, all: Sequences): Problem[] {
  return [...sequence.nodes.values()].flatMap((node): Problem[] => {
    const called = targetsOf(node).flatMap((name) => all.get(name) ?? []);
    if (called.length === 0 || node.sets.length === 0) return [];
    const produced = called.map(producedBy);
    const lacking = node.sets.flatMap(({ arg }) =>
      arg !== undefined && produced.some((names) => !names.has(arg)) ? [arg] : [],
    );
    if (lacking.length === 0) return [];
    const who = listed(called.map(({ name }) => `"${name}"`));
    const verb = called.length === 1 ? 'does not set' : 'do not all set';
    const text = `${who} ${verb} ${listed(lacking.map((arg) => `"${arg}"`))}`;
    return [problemOf(sequence, node, { field: 'sets', values: lacking, text })];
  });
}

const produced = new WeakMap<SequenceSpec, ReadonlySet<string>>();

function producedBy(sequence: SequenceSpec): ReadonlySet<string> {
  const known = produced.get(sequence);
  if (known !== undefined) return known;
  const nodes = [...sequence.nodes.values()];
  const names = new Set([
    ...namesOf(argsOf(sequence)),
    ...nodes.flatMap(({ sets }) => sets.flatMap(({ as }) => as ?? [])),
  ]);
  produced.set(sequence, names);
  return names;
}

function fieldOf({ category }: NodeSpec): string {
  return category === 'sequence' ? 'type' : 'eq';
}

function placeOf({ name, file }: SequenceSpec): { sequence: string; file: string } {
  return { sequence: name, file };
}

function problemOf(
  sequence: SequenceSpec,
  node: NodeSpec,
  found: { field: string; values: readonly string[]; text: string },
): Problem {
  const line = node.lines.get(found.field) ?? node.line;
  return { kind: 'graph', level: 'error', ...found, ...placeOf(sequence), node: node.name, line };
}
