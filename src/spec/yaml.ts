/**
 * YAML text → a small tree of texts, lists and maps with their lines. Scalars stay the text that was
 * written (specification 3.2); aliases and merge keys are followed. All that is wrong is collected.
 */
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Pair, ParsedNode, Scalar, YAMLMap } from 'yaml';
import { messageOf } from '../protocol/errors.ts';

export type Tree = TextTree | NoneTree | ListTree | MapTree;
/** `isPlain`: written without quotes, so that it may be a number or a truth value. */
export type TextTree = { is: 'text'; text: string; isPlain: boolean; line: number };
/** Nothing, or one of the words for it. */
export type NoneTree = { is: 'none'; line: number };
export type ListTree = { is: 'list'; items: readonly Tree[]; line: number };
export type MapTree = { is: 'map'; entries: ReadonlyMap<string, Entry>; line: number };
export type Entry = { value: Tree; line: number };

/** What is wrong, where; `isFatal` when the text cannot be used. */
export type YamlFault = { text: string; line: number; isFatal: boolean };

/** Far above what a person writes; deeper trees are no specs. */
const maxDepth = 50;

/** What comes after follows from the first ones, mostly. */
const maxFaults = 5;

/** The tree of a file's text; undefined when it is no YAML, which the faults then say. */
export function readYaml(text: string): { tree?: Tree; faults: readonly YamlFault[] } {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      schema: 'failsafe',
      lineCounter: lines,
      uniqueKeys: false,
      prettyErrors: false,
      stringKeys: false,
      logLevel: 'error',
    });
    const faults = document.errors.slice(0, maxFaults).map(({ message, pos }) => ({
      text: noYaml(message),
      line: lines.linePos(pos[0]).line,
      isFatal: true,
    }));
    if (faults.length > 0) return { faults };
    return new TreeReader(document, lines).read();
  } catch (thrown) {
    return { faults: [{ text: noYaml(messageOf(thrown)), line: 1, isFatal: true }] };
  }
}

/** What is nested some thousand times exhausts the parser's stack. */
function noYaml(why: string): string {
  if (why.includes('call stack')) return 'it is no YAML: it is nested too deeply';
  if (why.includes('multiple documents')) return 'it has several documents; keep one a file';
  return `it is no YAML: ${why}`;
}

/** A node whose alias stands inside itself, or one that is nested too deeply. */
class TooDeep extends Error {
  readonly line: number;
  constructor(line: number) {
    super('nested too deeply');
    this.line = line;
  }
}

class TreeReader {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #faults: YamlFault[] = [];
  /** Each node is read once, however many aliases name it. */
  readonly #read = new Map<unknown, Tree>();
  /** Read in the order of the file, so that an alias finds the last one before it. */
  readonly #anchors = new Map<string, unknown>();

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  read(): { tree?: Tree; faults: readonly YamlFault[] } {
    const { contents } = this.#document;
    try {
      const tree = contents === null ? none(1) : this.#tree(contents, 0);
      return { tree, faults: this.#faults };
    } catch (thrown) {
      if (!(thrown instanceof TooDeep)) throw thrown;
      const text = `it is nested more than ${maxDepth} deep, or contains itself`;
      return { faults: [{ text, line: thrown.line, isFatal: true }] };
    }
  }

  #tree(node: unknown, depth: number): Tree {
    const known = this.#read.get(node);
    if (known !== undefined) return known;
    const line = this.#lineOf(node);
    if (!isNode(node)) return none(line);
    if (depth > maxDepth) throw new TooDeep(line);
    if (!isAlias(node) && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    const tree = this.#make(node, line, depth);
    this.#read.set(node, tree);
    return tree;
  }

  #make(node: unknown, line: number, depth: number): Tree {
    if (isAlias(node)) return this.#aliased(node.source, line, depth);
    if (isMap(node)) return { is: 'map', entries: this.#entries(node, depth), line };
    if (isSeq(node)) {
      return { is: 'list', items: node.items.map((item) => this.#tree(item, depth + 1)), line };
    }
    return isScalar(node) ? scalarTree(node, line) : none(line);
  }

  #aliased(anchor: string, line: number, depth: number): Tree {
    if (this.#anchors.has(anchor)) return this.#tree(this.#anchors.get(anchor), depth + 1);
    this.#faults.push({ text: `nothing above is named "&${anchor}"`, line, isFatal: true });
    return none(line);
  }

  /** Of a key that comes twice the last one counts, and a key of the map itself before a merged one. */
  #entries(map: YAMLMap, depth: number): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    const merged = new Map<string, Entry>();
    for (const pair of map.items) {
      const key = this.#keyOf(pair);
      if (key === undefined) continue;
      const line = this.#lineOf(pair.key);
      if (key === '<<') {
        this.#merge(merged, this.#tree(pair.value, depth + 1), line);
        continue;
      }
      const before = entries.get(key);
      if (before !== undefined) {
        const text = `key "${key}" comes twice, first on line ${before.line}; this one counts`;
        this.#faults.push({ text, line, isFatal: false });
      }
      entries.set(key, { value: this.#tree(pair.value, depth + 1), line });
    }
    for (const [key, entry] of merged) if (!entries.has(key)) entries.set(key, entry);
    return entries;
  }

  #merge(into: Map<string, Entry>, from: Tree, line: number): void {
    for (const source of from.is === 'list' ? from.items : [from]) {
      if (source.is !== 'map') {
        this.#faults.push({ text: 'only a map can be merged with "<<"', line, isFatal: true });
        return;
      }
      for (const [key, entry] of source.entries) if (!into.has(key)) into.set(key, entry);
    }
  }

  #keyOf({ key }: Pair): string | undefined {
    const tree = this.#tree(key, maxDepth - 1);
    if (tree.is === 'text') return tree.text;
    // An empty key, or the word null as one: its text is its name.
    if (tree.is === 'none') return isScalar(key) ? String(key.value) : '';
    this.#faults.push({ text: 'a list or a map cannot be a key', line: tree.line, isFatal: true });
    return undefined;
  }

  #lineOf(node: unknown): number {
    const range = (node as Partial<ParsedNode> | null)?.range;
    return range === undefined ? 1 : this.#lines.linePos(range[0]).line;
  }
}

const nulls: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);

function scalarTree({ value, type }: Scalar, line: number): Tree {
  // The failsafe schema makes texts, and nothing else, of scalars.
  const text = typeof value === 'string' ? value : '';
  const isPlain = type === undefined || type === 'PLAIN';
  return isPlain && nulls.has(text) ? none(line) : { is: 'text', text, isPlain, line };
}

function none(line: number): NoneTree {
  return { is: 'none', line };
}
