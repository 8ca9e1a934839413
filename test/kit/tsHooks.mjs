/**
 * Module hooks of tsLoader.mjs: a .ts file is stripped of its types when it is loaded. What was stripped is
 * kept in .cache, named by its content, since loading the compiler takes longer than most programs here run.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const sources = new URL('../../src/index.ts', import.meta.url).href;
const cache = new URL('../../.cache/stripped/', import.meta.url);

/**
 * The package by its own name is its sources.
 * @type {import('node:module').ResolveHook}
 */
export function resolve(specifier, context, next) {
  return next(specifier === 'millrace' ? sources : specifier, context);
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const fileName = fileURLToPath(url);
  const text = await readFile(fileName, 'utf8');
  const name = createHash('sha256').update(`${fileName}\n${text}`).digest('hex');
  const kept = new URL(`${name}.js`, cache);
  const source = await readFile(kept, 'utf8').catch(() => strip(fileName, text, kept));
  return { format: 'module', source, shortCircuit: true };
}

/**
 * @param {string} fileName
 * @param {string} text
 * @param {URL} kept
 */
async function strip(fileName, text, kept) {
  const { default: ts } = await import('typescript');
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    inlineSourceMap: true,
  };
  const { outputText } = ts.transpileModule(text, { fileName, compilerOptions });
  await mkdir(cache, { recursive: true });
  // Others may be writing the same: each file is whole when it gets its name.
  const draft = new URL(`${kept.href}.${process.pid}-${process.hrtime.bigint()}`);
  await writeFile(draft, outputText);
  await rename(draft, kept);
  return outputText;
}
