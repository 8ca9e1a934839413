/** Spec files of folders (specification 3.1): found in lexical order, read, and their sequences joined. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { join, relative } from 'node:path';
import { messageOf } from '../protocol/errors.ts';
import { maxFileBytes, parseSpecs, refused } from './parse.ts';
import type { ParsedFile } from './parse.ts';
import type { Problem } from './problem.ts';
import type { SequenceSpec, Sequences } from './types.ts';

/** Paths of the spec files in a folder and those in it, as they are told to people. Throws when it cannot be read. */
export function specFilesOf(folder: string): string[] {
  if (!statSync(folder).isDirectory()) return [folder];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(isSpecFile)
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

/** Whether an entry of a folder is one. */
export function isSpecFile(entry: Dirent): boolean {
  return !entry.isDirectory() && /\.yaml$/i.test(entry.name);
}

/** Reads and parses one file; what cannot be read is a problem of it. */
export function readSpecs(path: string): ParsedFile {
  const file = shownPath(path);
  try {
    const { size } = statSync(path);
    if (size > maxFileBytes)
      return refused(
        file,
        `it has ${size} bytes; more than ${maxFileBytes} are not read, split it`,
      );
    return parseSpecs(file, readFileSync(path, 'utf8'));
  } catch (thrown) {
    return refused(file, `it cannot be read: ${messageOf(thrown)}`);
  }
}

/** Sequences by name; a name that an earlier file has is an error of the later one. */
export function joined(files: readonly ParsedFile[]): {
  sequences: Sequences;
  problems: Problem[];
} {
  const sequences = new Map<string, SequenceSpec>();
  const problems = files.flatMap((file) => file.problems);
  for (const sequence of files.flatMap((file) => file.sequences)) {
    const { name, file, line } = sequence;
    const twin = sequences.get(name);
    if (twin === undefined) sequences.set(name, sequence);
    else {
      const text = `there is one of this name already, in ${twin.file}:${twin.line}; rename one`;
      problems.push({ kind: 'parse', level: 'error', file, line, sequence: name, text });
    }
  }
  return { sequences, problems };
}

/** From the working directory where it lies in it. */
function shownPath(path: string): string {
  const near = relative('.', path);
  return near.startsWith('..') ? path : near;
}
