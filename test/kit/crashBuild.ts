/** Transpiles the sources that kill.test.ts's child needs, once for its hundreds of processes: no types are checked. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { sourceFiles } from './imports.ts';

const host = fileURLToPath(new URL('./crashHost.ts', import.meta.url));

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  inlineSourceMap: true,
};

/** JavaScript of the whole product and of the tests' kit, in a folder inside `root`, where packages are found. */
export function buildCrashHost(root: string): { program: string; remove(): void } {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(root, '.cache', 'kill-'));
  for (const file of sourceFiles(root, ['src', 'machines', 'actors', 'test/kit'])) {
    const text = readFileSync(join(root, file), 'utf8');
    const { outputText } = ts.transpileModule(text, { fileName: file, compilerOptions });
    const path = join(folder, toJs(file));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, outputText);
  }
  return {
    program: join(folder, toJs(relative(root, host))),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function toJs(file: string): string {
  return file.replace(/\.ts$/, '.js');
}
