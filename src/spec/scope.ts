/**
 * What nodes see (specification 6.2, 6.5): the args of their sequence's call, of which they are given what
 * they list; what they set goes back. Where something is not there an Error says so.
 */
import { whatIs } from './expansions.ts';
import { hintFor } from './hint.ts';
import type { NodeSpec } from './types.ts';

/** The args that the nodes of one call of a sequence see, by name. */
export type Scope = Map<string, unknown>;

/** What a node is given: what it lists, elements, and what a conditional looks at; nothing else. */
export function argsFor(
  node: NodeSpec,
  scope: Scope,
  elements: readonly (readonly [string, unknown])[],
): Scope {
  const args: Scope = new Map();
  for (const { expected = '', given = '' } of node.args) args.set(expected, valueOf(scope, given));
  for (const [element, value] of elements) args.set(element, value);
  return node.if === undefined ? args : args.set(node.if, valueOf(scope, node.if));
}

/** The sequence that a node calls: of a conditional that for the value that the caller sees. */
export function targetFor(
  { category, type = '', if: arg = '', eq }: NodeSpec,
  scope: Scope,
): string {
  if (category === 'sequence') return type;
  const value = scope.get(arg);
  if (typeof value !== 'string') {
    throw new Error(`the value of "${arg}" decides, and must be a text; it is ${whatIs(value)}`);
  }
  const target = eq.get(value) ?? eq.get('default');
  if (target !== undefined) return target;
  const keys = [...eq.keys()].toSorted();
  throw new Error(
    `"${arg}" is ${JSON.stringify(value)}${hintFor(value, keys)}, and eq has no default; it has ${keys.join(', ')}`,
  );
}

/** Gives the sequence what the node sets, which must be among the node's own args by now. */
export function takeSets(
  { sets, type = 'its sequence' }: NodeSpec,
  args: Scope,
  scope: Scope,
): void {
  for (const { arg = '', as = '' } of sets) {
    if (!args.has(arg)) throw new Error(`expected ${type} to set "${arg}", and it did not`);
    scope.set(as, args.get(arg));
  }
}

function valueOf(scope: Scope, name: string): unknown {
  if (scope.has(name)) return scope.get(name);
  throw new Error(
    `it needs "${name}", which was not set: what sets it was repeated over an empty list`,
  );
}
