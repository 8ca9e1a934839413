/** Real child processes for tests: a worker with children, and what is left of them. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach } from 'vitest';
import { systemClock } from '../../src/adapters/systemClock.ts';
import type * as childrenModule from '../../src/worker/children/children.ts';
import { findMarked } from '../../src/worker/children/find.ts';
import { folderMark } from '../../src/worker/children/mark.ts';
import { transpiled } from '../kit/transpiled.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { program, remove } = transpiled(root, ['test/worker']);
afterAll(remove);

/** JavaScript of a source file of the repository. */
export function builtOf(file: string): string {
  return program(join(root, file));
}

/** As JavaScript, so that its watchdog is one too. */
const { createChildren } = (await import(
  builtOf('src/worker/children/children.ts')
)) as typeof childrenModule;

type Children = childrenModule.Children;

/** Of a folder that no other test has. */
export function someMark(): string {
  return folderMark(randomBytes(9).toString('base64url'), { dev: 1, ino: 1 });
}

const open: Children[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((children) => children.stop()));
});

export type OpenOptions = {
  mark?: string;
  graceMs?: number;
  execArgv?: readonly string[];
  recordPath?: string;
};

/** Children that are stopped after the test. */
export function openChildren(options: OpenOptions = {}): Children & { mark: string } {
  const { mark = someMark(), graceMs = 10_000, execArgv = [], recordPath } = options;
  const token = randomBytes(6).toString('base64url');
  const children = createChildren({
    ...{ mark, token, environment: process.env, clock: systemClock, graceMs, execArgv },
    ...{ recordPath, warn: () => undefined },
  });
  open.push(children);
  return { ...children, mark };
}

/** Processes that bear the mark. */
export async function leftOf(mark: string): Promise<number[]> {
  return findMarked([mark]);
}
