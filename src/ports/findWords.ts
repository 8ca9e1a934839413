/** What a request can be found by: each of its arguments and labels as one word, in an index of all words. */
import { sha256 } from '../protocol/hash.ts';

/** Longer values stand in the index by their hash. */
const longestValue = 120;

/** A name and a value as one word; no two pairs of one kind have the same. */
export function wordOf(kind: 'arg' | 'label', [name, value]: readonly [string, string]): string {
  const short = value.length <= longestValue ? `=${value}` : `#${sha256(value)}`;
  return `${kind} ${JSON.stringify(name)}${short}`;
}

/** All words of a request: `args` is JSON text. */
export function wordsOf(args: string, labels: Readonly<Record<string, string>> = {}): string[] {
  return [
    ...pairsOf(args).map((pair) => wordOf('arg', pair)),
    ...Object.entries(labels).map((pair) => wordOf('label', pair)),
  ];
}

/** Values as a person writes them: a text bare, all else as JSON; null is no value. */
function pairsOf(args: string): [string, string][] {
  const value: unknown = JSON.parse(args);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, each]: [string, unknown]): [string, string][] => {
    if (each === null) return [];
    return [[name, typeof each === 'string' ? each : JSON.stringify(each)]];
  });
}
