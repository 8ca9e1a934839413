/** Transpiles the product and the tests' own programs, for child processes that must start fast: no types are checked. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { sourceFiles } from './imports.ts';

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  inlineSourceMap: true,
  inlineSources: true,
};

/** JavaScript of the whole product and of `folders`, in a folder inside `root`, where packages are found. */
export function transpiled(
  root: string,
  folders: readonly string[],
): { /** Of one of these files. */ program(file: string): string; remove(): void } {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(root, '.cache', 'js-'));
  for (const file of sourceFiles(root, ['src', 'machines', 'actors', ...folders])) {
    const text = readFileSync(join(root, file), 'utf8');
    const { outputText } = ts.transpileModule(text, { fileName: file, compilerOptions });
    const path = join(folder, toJs(file));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, outputText);
  }
  return {
    program: (file) => join(folder, toJs(relative(root, file))),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function toJs(file: string): string {
  return file.replace(/\.ts$/, '.js');
}
