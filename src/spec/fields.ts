/** Reads the fields of a map in a spec file by type, and says what does not fit; used by `parse.ts`. */
import { hintFor } from './hint.ts';
import type { ArgSpec, Each, NodeArg, NodeSet } from './types.ts';
import type { Entry, TextTree, Tree } from './yaml.ts';

type Report = (text: string, line: number, level?: 'error' | 'warning') => void;

type Options = {
  tree: Tree;
  /** Names of the fields that there are. */
  known: readonly string[];
  report: Report;
  /** Where it is: `args.required`. */
  path?: string;
};

/** YAML 1.1's, as the specs of Spin Cycle are read. */
const truths: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'on', 'y'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', 'n'].map((word) => [word, false] as const),
]);

/** One map; one that is absent or empty has no fields. */
export class FieldReader {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #report: Report;
  readonly #path: string;
  /** There is nothing at all. */
  readonly isNull: boolean;
  readonly line: number;

  constructor({ tree, known, report, path }: Options) {
    this.#report = report;
    this.#path = path === undefined ? '' : `${path}.`;
    this.isNull = tree.is === 'none';
    this.line = tree.line;
    this.#entries = tree.is === 'map' ? tree.entries : new Map<string, Entry>();
    if (tree.is === 'text' || tree.is === 'list') {
      report(`${path ?? 'it'} must be a map of ${known.join(', ')}; it is a ${tree.is}`, tree.line);
    }
    for (const [name, { line }] of this.#entries) {
      if (known.includes(name)) continue;
      const hint = hintFor(name, known);
      report(`there is no field '${this.#path}${name}'${hint}; it is ignored`, line, 'warning');
    }
  }

  /** Of each field that is there. */
  get lines(): ReadonlyMap<string, number> {
    return new Map([...this.#entries].map(([name, { line }]) => [name, line]));
  }

  /** The map at `tree`, whose fields depend on what it is. */
  within(tree: Tree, path: string): (known: readonly string[]) => FieldReader {
    return (known) => new FieldReader({ tree, known, report: this.#report, path });
  }

  tree(name: string): Tree {
    return this.#entries.get(name)?.value ?? { is: 'none', line: this.line };
  }

  /** A text as it was written; undefined when it is absent. */
  text(name: string): string | undefined {
    const tree = this.tree(name);
    if (tree.is === 'none') return undefined;
    if (tree.is === 'text') return tree.text;
    this.#misfit(name, 'a text', tree, undefined);
    return undefined;
  }

  /** A text, of which an empty one counts as absent. */
  name(name: string): string | undefined {
    const text = this.text(name);
    return text === '' ? undefined : text;
  }

  truth(name: string): boolean {
    const tree = this.tree(name);
    if (tree.is === 'none') return false;
    const truth =
      tree.is === 'text' && tree.isPlain ? truths.get(tree.text.toLowerCase()) : undefined;
    return truth ?? this.#misfit(name, 'true or false', tree, false);
  }

  count(name: string): number | undefined {
    const tree = this.tree(name);
    if (tree.is === 'none') return undefined;
    const isCount = tree.is === 'text' && tree.isPlain && /^\d{1,15}$/.test(tree.text);
    if (isCount) return Number(tree.text);
    this.#misfit(name, 'a whole number of at least 0', tree, undefined);
    return undefined;
  }

  list(name: string): readonly Tree[] {
    const tree = this.tree(name);
    if (tree.is === 'none') return [];
    return tree.is === 'list' ? tree.items : this.#misfit(name, 'a list', tree, []);
  }

  /** A list of texts. */
  texts(name: string): string[] {
    return this.list(name).flatMap((tree) => this.asText(name, tree)?.text ?? []);
  }

  /** The entries of a map in the order of the file. */
  entries(name: string): (readonly [string, Entry])[] {
    const tree = this.tree(name);
    if (tree.is === 'none') return [];
    return tree.is === 'map' ? [...tree.entries] : this.#misfit(name, 'a map', tree, []);
  }

  /** A map of texts. */
  textMap(name: string): ReadonlyMap<string, string> {
    return new Map(
      this.entries(name).map(([key, { value }]) => [
        key,
        value.is === 'none' ? '' : (this.asText(name, value)?.text ?? ''),
      ]),
    );
  }

  /** An entry of a list or a map that must be a text. */
  asText(name: string, tree: Tree): TextTree | undefined {
    if (tree.is === 'text') return tree;
    this.#misfit(name, 'made of texts', tree, undefined);
    return undefined;
  }

  /** Says so, and answers with what is taken in its place. */
  #misfit<T>(name: string, expected: string, tree: Tree, instead: T): T {
    const text = `field '${this.#path}${name}' must be ${expected}; it is ${whatIs(tree)}`;
    this.#report(text, tree.line);
    return instead;
  }
}

function whatIs(tree: Tree): string {
  if (tree.is === 'text') return JSON.stringify(tree.text);
  return tree.is === 'none' ? 'nothing' : `a ${tree.is}`;
}

type Within = (known: readonly string[]) => FieldReader;

export function argEntry(within: Within): ArgSpec {
  const reader = within(['name', 'desc', 'default']);
  const { line } = reader;
  return {
    name: reader.name('name'),
    desc: reader.text('desc'),
    default: reader.text('default'),
    line,
  };
}

export function nodeArgEntry(within: Within): NodeArg {
  const reader = within(['expected', 'given']);
  const { isNull, line } = reader;
  const expected = reader.name('expected');
  return { expected, given: reader.name('given') ?? expected, isNull, line };
}

export function nodeSetEntry(within: Within): NodeSet {
  const reader = within(['arg', 'as']);
  const { isNull, line } = reader;
  const arg = reader.name('arg');
  return { arg, as: reader.name('as') ?? arg, isNull, line };
}

export function eachEntry(reader: FieldReader, tree: Tree): Each[] {
  const text = reader.asText('each', tree)?.text;
  if (text === undefined) return [];
  const [list, element, ...rest] = text.split(':');
  const isPair = rest.length === 0 && list !== '' && element !== undefined && element !== '';
  const { line } = tree;
  return [
    isPair ? { text, list, element, line } : { text, list: undefined, element: undefined, line },
  ];
}
