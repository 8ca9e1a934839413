/** Runs the program as processes of their own: transpiled once a test file, as Node 20 reads no TypeScript. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import ts from 'typescript';
import { afterAll, expect } from 'vitest';
import { eventually } from '../kit/eventually.ts';

/** The repository, with its slash. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The configuration that the tests of the command line use. */
export const fixture = join(root, 'test/cli/fixtures/millrace.config.ts');

/** What a test sees of a program that runs or ran. */
export type Program = ReturnType<typeof start>;

/** The program, transpiled. */
export const main = join(transpiled(), 'src/main.js');

/** Starts `millrace ARGS…`; its output has no colours. `more` goes into its environment. */
export function start(
  args: readonly string[],
  cwd: string = root,
  more: Readonly<Record<string, string>> = {},
) {
  const env = { NO_COLOR: '1', CI: '', ...more };
  return execa('node', [main, ...args], { reject: false, all: true, cwd, env });
}

/** `millrace` on the test's configuration and a data folder. */
export function on(data: string) {
  const flags = ['--config', fixture, '--data', data];
  return (...args: string[]): Program => start([...flags, ...args]);
}

/** The id that a command has named in `request ID` or `started ID`. */
export function idIn(text: string): string {
  const id = /^(?:request|started)\s+([0-9a-z]{26})(?: in process \d+)?$/m.exec(text)?.[1];
  if (id === undefined) throw new Error(`no request is named in: ${text}`);
  return id;
}

/** Waits until the program has said what fits, and answers with all that it said. */
export function untilSaid(program: Program, pattern: RegExp, timeoutMs = 20_000): Promise<string> {
  let text = '';
  program.all.on('data', (chunk: unknown) => (text += String(chunk)));
  return eventually(() => {
    expect(text).toMatch(pattern);
  }, timeoutMs).then(() => text);
}

/** Waits until the three gates of a `gate` wait, and answers with the request's id. */
export async function untilGate(program: Program, dir: string): Promise<string> {
  const text = await untilSaid(program, /^request [0-9a-z]{26}( in process \d+)?$/m);
  await untilGatesWait(dir);
  return idIn(text);
}

/** Waits until the three gates of a `gate` wait. */
export function untilGatesWait(dir: string): Promise<void> {
  return eventually(() => {
    for (const name of ['a', 'b', 'c']) expect(existsSync(join(dir, `started-${name}`))).toBe(true);
  }, 20_000);
}

/** In the repository, so that packages are found. */
function transpiled(): string {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(root, '.cache/cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  };
  for (const name of ts.sys.readDirectory(root, ['.ts'], undefined, [
    'src/**/*',
    'machines/**/*',
    'actors/**/*',
  ])) {
    const out = join(folder, name.slice(root.length).replace(/\.ts$/, '.js'));
    const { outputText } = ts.transpileModule(readFileSync(name, 'utf8'), { compilerOptions });
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, outputText);
  }
  return folder;
}
