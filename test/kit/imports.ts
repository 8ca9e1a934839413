/** Reads who imports whom, with TypeScript's own scanner; architecture.test.ts holds the rules against it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

export type Import = {
  /** Path from the repository's root, with forward slashes. */
  file: string;
  /** A path from the root too, or the name of a package (`node:fs`, `zod`). */
  target: string;
  /** Erased by the compiler. */
  typeOnly: boolean;
};

/** All TypeScript files under these folders of the root, as paths from it. */
export function sourceFiles(root: string, folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
      .filter((name) => name.endsWith('.ts'))
      .sort(),
  );
}

export function importsOf(root: string, file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName, pos }) => ({
    file,
    target: targetOf(file, fileName),
    typeOnly: isTypeOnly(text.slice(0, pos)),
  }));
}

function targetOf(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier);
  if (specifier.startsWith('node:')) return specifier;
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Whether the statement that ends in this import's path begins with `import type` or `export type`. */
function isTypeOnly(before: string): boolean {
  if (/\bimport\s*\(\s*$/.test(before)) return false;
  const statements = [...before.matchAll(/^\s*(?:import|export)\b(\s+type\b)?/gm)];
  return statements.at(-1)?.[1] !== undefined;
}

/** The first cycle of imports that exist when the program runs; undefined when there is none. */
export function findCycle(imports: readonly Import[]): string[] | undefined {
  const next = new Map<string, string[]>();
  for (const { file, target, typeOnly } of imports) {
    if (!typeOnly) next.set(file, [...(next.get(file) ?? []), target]);
  }
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    done.add(file);
    for (const target of next.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle) return cycle;
    }
    return undefined;
  };
  for (const file of next.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}
