/** What a node is repeated over (specification 6.4): the elements of its lists, side by side. */
import type { NodeSpec } from './types.ts';

/** How often a node is built, and what each time has of the lists. */
export type Expansions = {
  count: number;
  elementsAt(index: number): readonly (readonly [string, unknown])[];
};

/** Throws an Error that says what is wrong with the lists. */
export function expansionsOf({ each }: NodeSpec, args: ReadonlyMap<string, unknown>): Expansions {
  const lists = each.map(({ list = '', element = '' }) => {
    const value = args.get(list);
    if (Array.isArray(value)) return { list, element, items: value as readonly unknown[] };
    throw new Error(`it is repeated over "${list}", which must be a list; it is ${whatIs(value)}`);
  });
  const [first] = lists;
  if (first === undefined) return { count: 1, elementsAt: () => [] };
  const other = lists.find(({ items }) => items.length !== first.items.length);
  if (other !== undefined) {
    throw new Error(
      `it is repeated over lists of different lengths: "${first.list}" has ${first.items.length} elements, "${other.list}" has ${other.items.length}`,
    );
  }
  return {
    count: first.items.length,
    elementsAt: (index) => lists.map(({ element, items }) => [element, items[index]] as const),
  };
}

/** The kind of a value, for a person. */
export function whatIs(value: unknown): string {
  if (value === undefined) return 'not set';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
