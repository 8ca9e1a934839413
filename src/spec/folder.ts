/**
 * A folder of spec files that is looked at again: what has changed is taken when all is well with it, else
 * refused, and what was there before stays in use.
 */
import { statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import { checkSpecs } from './check.ts';
import type { Checked, Specs } from './check.ts';
import { isSpecFile, readSpecs, specFilesOf } from './load.ts';
import type { ParsedFile } from './parse.ts';
import { hasErrors, inOrder, problemText } from './problem.ts';
import type { Problem } from './problem.ts';

/** What a look at the folder has led to. */
export type Refreshed = {
  /** Paths of changed, new and deleted files that are in use as they are now. */
  taken: readonly string[];
  /** Paths of those whose older state stays in use. */
  refused: readonly string[];
  /** Why these were refused. */
  problems: readonly Problem[];
};

const unchanged: Refreshed = { taken: [], refused: [], problems: [] };

/** A file as it is now; undefined when it is deleted. */
type Changes = Map<string, ParsedFile | undefined>;

export class SpecFolder {
  readonly #path: string;
  #files: Map<string, ParsedFile>;
  #seen: ReadonlyMap<string, string>;
  /** They may fit what comes with the next change. */
  #refused: readonly string[] = [];
  #specs: Specs;
  readonly warnings: readonly Problem[];

  /** Reads all of it. Throws MillraceError `config` with the first errors. */
  constructor(path: string) {
    this.#path = path;
    const files = filesIn(path);
    // Before they are read: what changes while they are is seen at the next look.
    this.#seen = new Map(files.map((file) => [file, stampOf(statSync(file))]));
    this.#files = new Map(files.map((file) => [file, readSpecs(file)]));
    const { specs, problems } = checkSpecs([...this.#files.values()]);
    if (specs === undefined) throw refusalOf(path, problems);
    this.#specs = specs;
    this.warnings = problems;
  }

  /** As they are in use. */
  get specs(): Specs {
    return this.#specs;
  }

  /** Looks whether anything has changed. Rejects when the folder cannot be read. */
  async refresh(): Promise<Refreshed> {
    const stamps = await stampsIn(this.#path);
    const before = this.#seen;
    const paths = new Set([...stamps.keys(), ...before.keys()]);
    const changed = [...paths].filter((path) => stamps.get(path) !== before.get(path));
    this.#seen = stamps;
    if (changed.length === 0) return unchanged;
    const changes = new Set([...changed, ...this.#refused]);
    return this.#take(
      new Map([...changes].map((path) => [path, stamps.has(path) ? readSpecs(path) : undefined])),
    );
  }

  /** Takes as many of the changes as go together; each round leaves out those with errors. */
  #take(changes: Changes): Refreshed {
    const problems: Problem[] = [];
    const refused: string[] = [];
    while (changes.size > 0) {
      const files = this.#with(changes);
      const checked = checkSpecs([...files.values()]);
      if (checked.specs !== undefined) {
        this.#files = files;
        this.#specs = checked.specs;
        break;
      }
      problems.push(...checked.problems.filter(({ level }) => level === 'error'));
      for (const path of faultyOf(changes, checked)) {
        changes.delete(path);
        refused.push(path);
      }
    }
    this.#refused = refused;
    return { taken: [...changes.keys()], refused, problems: inOrder(problems) };
  }

  #with(changes: Changes): Map<string, ParsedFile> {
    const files = new Map(this.#files);
    for (const [path, file] of changes) {
      if (file === undefined) files.delete(path);
      else files.set(path, file);
    }
    return new Map([...files].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** The changed files that have errors; all changes where only files that did not change have. */
function faultyOf(changes: Changes, { problems }: Checked): string[] {
  const files = new Set(problems.filter((one) => hasErrors([one])).map(({ file }) => file));
  const faulty = [...changes].filter(([, file]) => file !== undefined && files.has(file.file));
  return (faulty.length > 0 ? faulty : [...changes]).map(([path]) => path);
}

function filesIn(path: string): string[] {
  try {
    return specFilesOf(path);
  } catch (cause) {
    const text = `the specs' folder ${path} cannot be read: ${messageOf(cause)}; correct specs in the configuration`;
    throw new MillraceError('config', text, { cause });
  }
}

function refusalOf(path: string, problems: readonly Problem[]): MillraceError {
  const errors = inOrder(problems).filter((one) => hasErrors([one]));
  const shown = errors.slice(0, 2).map(problemText);
  const more = errors.length > 2 ? ` (and ${errors.length - 2} more)` : '';
  const text = `${shown.join('\n')}${more}\nmend the specs; millrace spec check ${path} tells everything`;
  return new MillraceError('config', text);
}

/** What tells that a file has changed, by path. */
async function stampsIn(path: string): Promise<Map<string, string>> {
  const isFolder = (await stat(path)).isDirectory();
  const entries = isFolder ? await readdir(path, { withFileTypes: true, recursive: true }) : [];
  const found = entries.filter(isSpecFile).map((entry) => join(entry.parentPath, entry.name));
  const stamps = new Map<string, string>();
  for (const file of isFolder ? found.toSorted() : [path]) {
    // Deleted since it was listed.
    const stats = await stat(file).catch(() => undefined);
    if (stats !== undefined) stamps.set(file, stampOf(stats));
  }
  return stamps;
}

function stampOf({ ino, mtimeMs, size }: Stats): string {
  return `${ino}:${mtimeMs}:${size}`;
}
