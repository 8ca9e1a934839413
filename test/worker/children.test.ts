/** Children die with their host, however it dies, and are looked for when the next one starts. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { forChildren } from '../../src/worker/children/execArgv.ts';
import { findRecorded } from '../../src/worker/children/recorded.ts';
import { signalTo } from '../../src/worker/children/kill.ts';
import { bears, marked, within } from '../../src/worker/children/mark.ts';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { builtOf, leftOf, openChildren, someMark } from './childKit.ts';

const parent = builtOf('test/worker/fixtures/parent.ts');

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function start(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  return child;
}

/** A host with children, in a process of its own. */
async function startHost(
  mark: string,
  { env, recordPath }: { env?: NodeJS.ProcessEnv; recordPath?: string } = {},
): Promise<ChildProcess> {
  const args = recordPath === undefined ? [mark] : [mark, recordPath];
  const host = start([process.execPath, parent, ...args], env);
  await eventually(() => {
    expect(String(host.stdout?.read())).toContain('ready');
  }, 20_000);
  return host;
}

async function left(mark: string, count: number): Promise<void> {
  await eventually(async () => {
    expect(await leftOf(mark)).toHaveLength(count);
  });
}

test('a host killed by SIGKILL leaves nothing', async () => {
  const mark = someMark();
  const host = await startHost(mark);
  await left(mark, 3);
  host.kill('SIGKILL');
  await left(mark, 0);
});

test('a host that is a child of another takes its own children with it', async () => {
  const [outer, inner] = [someMark(), someMark()];
  const env = marked(process.env, {}, within(outer, 1, 'x', 1));
  const host = await startHost(inner, { env });
  await left(outer, 5);
  const children = openChildren({ mark: outer });
  // How many it finds itself is open: the inner host's watchdog kills too.
  expect(await children.reap()).toBeGreaterThan(0);
  expect(await leftOf(outer)).toEqual([]);
  expect(await leftOf(inner)).toEqual([]);
  expect(host.killed).toBe(false);
});

test('what an earlier host of the folder left is killed at the start, and nobody else', async () => {
  const mark = someMark();
  const of = (folder: string): NodeJS.ProcessEnv =>
    marked(process.env, {}, within(folder, 4711, 'gone', 1));
  const lost = start(['sleep', '1000'], of(mark));
  const others = [someMark(), mark.slice(0, -1), `${mark.slice(0, -1)}0:`];
  const strangers = others.map((other) => start(['sleep', '1000'], of(other)));
  const exit = once(lost, 'exit');
  const children = openChildren({ mark });
  expect(await children.reap()).toBe(1);
  expect(await exit).toEqual([null, 'SIGKILL']);
  expect(await children.reap()).toBe(0);
  for (const { pid = 0 } of strangers) expect(signalTo(pid, 0)).toBe(true);
});

test('a normal stop leaves nothing, not even the watchdog', async () => {
  const children = openChildren();
  const up = join(tempFolder(), 'up');
  const script = `setsid sh -c 'touch ${up}; exec sleep 1000' & while [ ! -e ${up} ]; do :; done`;
  const { ended } = children.start({ argv: ['sh', '-c', script], onOutput: () => undefined });
  expect(await ended).toEqual({ exit: 0, isStuck: false });
  await left(children.mark, 1);
  await children.stop();
  await left(children.mark, 0);
});

test('where environments cannot be read, groups are found by what was written down', async () => {
  const mark = someMark();
  const recordPath = join(tempFolder(), 'children');
  const host = await startHost(mark, { recordPath });
  const [line = ''] = readFileSync(recordPath, 'utf8').split('\n');
  const [pid = '', at = ''] = line.split(' ');
  expect((await findRecorded(recordPath, [mark])).map(String)).toContain(pid);
  expect(await findRecorded(recordPath, [someMark()])).toEqual([]);
  const recycled = join(tempFolder(), 'children');
  writeFileSync(recycled, `${pid} ${Number(at) - 10_000} ${mark}\n`);
  expect(await findRecorded(recycled, [mark])).toEqual([]);
  host.kill('SIGKILL');
  // The one that has left its group is found by its mark alone.
  await left(mark, 1);
  expect(await openChildren({ mark }).reap()).toBe(1);
});

test('a mark is found only where it is whole, and of the variable', () => {
  const mark = within('folder:', 12, 'token', 1);
  const environ = (env: Readonly<Record<string, string | undefined>>): string =>
    Object.entries(env)
      .map(([name, value]) => `${name}=${value}\0`)
      .join('');
  const env = environ(marked({ PATH: '/bin' }, { MORE: 'x' }, mark));
  expect(bears(env, ['folder:'])).toBe(true);
  expect(bears(env, ['folder:12:token:'])).toBe(true);
  expect(bears(env, ['other:', mark])).toBe(true);
  expect(bears(env, ['older:', 'folder:1:', 'folder:12:token:2:', 'folder:12:token:1:1:'])).toBe(
    false,
  );
  expect(bears(environ({ OTHER: mark }), ['folder:'])).toBe(false);
});

test('a process of Node’s is given loaders and limits, and no code that would run in its place', () => {
  const loaders = ['--import', 'tsx', '-r', './x.js', '--max-old-space-size=100'];
  expect(forChildren([...loaders, '--inspect=0', '--input-type=module', '-e', 'x()'])).toEqual(
    loaders,
  );
  expect(forChildren(['--eval', 'x()', '--test', '--watch-path=.'])).toEqual([]);
});
