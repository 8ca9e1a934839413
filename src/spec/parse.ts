/**
 * The text of a spec file → typed sequences with the line of everything (specification 3.1, 3.2). What is
 * of the wrong type is an error of the file; an unknown field or a key that comes twice is a warning.
 */
import { argEntry, eachEntry, FieldReader, nodeArgEntry, nodeSetEntry } from './fields.ts';
import type { Problem } from './problem.ts';
import type { Acl, NodeSpec, SequenceArgs, SequenceSpec } from './types.ts';
import { readYaml } from './yaml.ts';
import type { Entry, Tree } from './yaml.ts';

/** No person writes more; and what takes long to check would hold up a host. */
export const maxFileBytes = 1024 ** 2;

/** With aliases a small file could spell out any number. */
const maxNodes = 100_000;

/** One file's sequences; none where a problem is an error. */
export type ParsedFile = {
  file: string;
  sequences: readonly SequenceSpec[];
  problems: readonly Problem[];
};

const fields = {
  file: ['sequences'],
  sequence: ['request', 'args', 'nodes', 'acl'],
  args: ['required', 'optional', 'static'],
  acl: ['role', 'admin', 'ops'],
  node: [
    ...['category', 'type', 'if', 'eq', 'args', 'sets', 'deps', 'each', 'parallel', 'retry'],
    ...['retryWait', 'timeout', 'run', 'env', 'cwd'],
  ],
} as const;

/** Parses one file's text; `file` is what problems call it. */
export function parseSpecs(file: string, text: string): ParsedFile {
  if (Buffer.byteLength(text) > maxFileBytes) {
    return refused(file, `it is over ${maxFileBytes} bytes; split it`);
  }
  const { tree, faults } = readYaml(text);
  const problems = faults.map(({ isFatal, ...fault }): Problem => {
    return { ...fault, kind: 'parse', file, level: isFatal ? 'error' : 'warning' };
  });
  if (tree === undefined) return { file, sequences: [], problems };
  const parser = new FileParser(file, problems);
  const sequences = parser.sequences(tree);
  const isRefused = problems.some(({ level }) => level === 'error');
  return { file, sequences: isRefused ? [] : sequences, problems };
}

/** A file that cannot be read at all. */
export function refused(file: string, text: string): ParsedFile {
  return {
    file,
    sequences: [],
    problems: [{ kind: 'parse', level: 'error', file, line: 1, text }],
  };
}

class FileParser {
  readonly #file: string;
  readonly #problems: Problem[];
  #nodes = 0;

  constructor(file: string, problems: Problem[]) {
    this.#file = file;
    this.#problems = problems;
  }

  sequences(tree: Tree): SequenceSpec[] {
    const reader = this.#reader({}, tree, fields.file);
    return reader.entries('sequences').flatMap(([name, entry]) => {
      return this.#nodes > maxNodes ? [] : [this.#sequence(name, entry)];
    });
  }

  #sequence(name: string, { value, line }: Entry): SequenceSpec {
    const reader = this.#reader({ sequence: name }, value, fields.sequence);
    const nodes = reader.entries('nodes').map(([node, entry]): [string, NodeSpec] => {
      return [node, this.#node(name, node, entry)];
    });
    return {
      name,
      file: this.#file,
      line,
      lines: reader.lines,
      isRequest: reader.truth('request'),
      args: this.#args(name, reader.tree('args')),
      nodes: new Map(nodes),
      acl: reader.list('acl').map((entry) => this.#acl(name, entry)),
    };
  }

  #args(sequence: string, tree: Tree): SequenceArgs {
    const reader = this.#reader({ sequence }, tree, fields.args);
    const read = (field: keyof SequenceArgs) =>
      reader.list(field).map((entry) => argEntry(reader.within(entry, `args.${field}`)));
    return { required: read('required'), optional: read('optional'), static: read('static') };
  }

  #acl(sequence: string, tree: Tree): Acl {
    const reader = this.#reader({ sequence }, tree, fields.acl);
    return {
      role: reader.name('role'),
      admin: reader.truth('admin'),
      ops: reader.texts('ops'),
      line: tree.line,
    };
  }

  #node(sequence: string, name: string, { value, line }: Entry): NodeSpec {
    this.#count(line);
    const reader = this.#reader({ sequence, node: name }, value, fields.node);
    return {
      name,
      line,
      lines: reader.lines,
      category: reader.name('category'),
      type: reader.name('type'),
      if: reader.name('if'),
      eq: reader.textMap('eq'),
      args: reader.list('args').map((entry) => nodeArgEntry(reader.within(entry, 'args'))),
      sets: reader.list('sets').map((entry) => nodeSetEntry(reader.within(entry, 'sets'))),
      deps: reader.texts('deps'),
      each: reader.list('each').flatMap((entry) => eachEntry(reader, entry)),
      parallel: reader.count('parallel'),
      retry: reader.count('retry') ?? 0,
      retryWait: reader.text('retryWait'),
      timeout: reader.text('timeout'),
      command: {
        run: reader.texts('run'),
        env: reader.textMap('env'),
        cwd: reader.text('cwd'),
      },
    };
  }

  #count(line: number): void {
    this.#nodes += 1;
    if (this.#nodes !== maxNodes + 1) return;
    this.#report({}, `the file has more than ${maxNodes} nodes; split it`, line);
  }

  #reader(of: { sequence?: string; node?: string }, tree: Tree, known: readonly string[]) {
    return new FieldReader({
      tree,
      known,
      report: (text, line, level) => this.#report(of, text, line, level),
    });
  }

  #report(
    of: { sequence?: string; node?: string },
    text: string,
    line: number,
    level: Problem['level'] = 'error',
  ): void {
    this.#problems.push({ kind: 'parse', level, file: this.#file, line, text, ...of });
  }
}
