/** The example over real files: suspended or killed half-way and resumed, it writes the same bytes. */
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { idIn, root, start, untilSaid } from '../cli/kit.ts';
import type { Program } from '../cli/kit.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const config = join(root, 'examples/checksum-tree/millrace.config.ts');
const folder = tempFolder();
const tree = join(folder, 'tree');
const files = 300;
const odd = ['back\\slash', 'new\nline', ' space ', 'ünï', 'B', 'a'];
/** Takes a second or more to hash and, being sparse, no room: the chain cannot end before it is interrupted. */
const bigBytes = 512 * 1024 ** 2;

let whole = '';

/** Runs the example with a data folder of its own; the output lies in the tree that it reads. */
function example(data: string, out: string, ...more: string[]): Program {
  const args = ['run', 'checksum-tree', 'dir=tree', `out=${out}`, ...more];
  return start(['--config', config, '--data', join(folder, data), ...args], folder);
}

function resume(data: string, id: string, cwd = folder): Program {
  return start(['--config', config, '--data', join(folder, data), 'resume', id], cwd);
}

const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

beforeAll(async () => {
  mkdirSync(tree);
  for (let n = 0; n < files; n += 1) {
    const dir = join(tree, `d${n % 7}`);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, `f${n}`), `file ${n}`.repeat(n));
  }
  for (const name of odd) writeFileSync(join(tree, name), name);
  symlinkSync('d1', join(tree, 'link-to-a-folder'));
  symlinkSync('a', join(tree, 'link-to-a-file'));
  writeFileSync(join(tree, 'big'), '');
  truncateSync(join(tree, 'big'), bigBytes);
  expect((await example('whole', 'tree/SUMS')).exitCode).toBe(0);
  whole = read('tree/SUMS');
  rmSync(join(tree, 'SUMS'));
}, 60_000);

test('it lists every regular file once, sorted by its bytes, and sha256sum agrees', async () => {
  const lines = whole.trimEnd().split('\n');
  expect(lines).toHaveLength(files + odd.length + 1);
  expect(lines.filter((line) => line.startsWith('\\'))).toHaveLength(2);
  expect(whole).not.toMatch(/SUMS|link-to/);
  writeFileSync(join(folder, 'checked'), whole);
  const { exitCode, all } = await execa('sha256sum', ['-c', '--quiet', 'checked'], {
    cwd: folder,
    reject: false,
    all: true,
  });
  expect([exitCode, all]).toEqual([0, '']);
}, 60_000);

test('an empty folder makes an empty file', async () => {
  mkdirSync(join(folder, 'empty'));
  const args = ['run', 'checksum-tree', 'dir=empty', 'out=none'];
  const { exitCode } = await start(
    ['--config', config, '--data', join(folder, 'e'), ...args],
    folder,
  );
  expect([exitCode, read('none')]).toEqual([0, '']);
});

test.each(['SIGINT', 'SIGKILL'] as const)(
  'half-way %s, then resume: the same bytes',
  async (signal) => {
    const out = `tree/SUMS-${signal}`;
    const run = example(signal, out, '--verbose');
    const id = idIn(await untilSaid(run, /complete: hash-file-150$/m));
    run.kill(signal);
    const ended = await run;
    expect(signal === 'SIGINT' ? ended.exitCode : ended.signal).toBe(
      signal === 'SIGINT' ? 4 : 'SIGKILL',
    );
    expect(() => read(out)).toThrow('ENOENT');
    const resumed = await resume(signal, id);
    expect([resumed.exitCode, read(out) === whole]).toEqual([0, true]);
    rmSync(join(folder, out));
    const replay = ['--config', config, '--data', join(folder, signal), 'replay', '--verify'];
    expect((await start(replay, folder)).stdout).toContain('no difference');
  },
  60_000,
);

test('over node_modules: suspended, resumed, killed, and resumed, the same bytes', async () => {
  const run = (data: string): Program => {
    const args = ['run', 'checksum-tree', 'dir=node_modules', `out=${join(folder, data, 'SUMS')}`];
    return start(['--config', config, '--data', join(folder, data), ...args]);
  };
  /** Caches there, in folders with a dot, may change meanwhile. */
  const sums = (data: string): string[] =>
    read(`${data}/SUMS`)
      .split('\n')
      .filter((line) => !line.includes('  node_modules/.'));
  expect((await run('modules')).exitCode).toBe(0);
  const suspended = run('broken');
  const id = idIn(await untilSaid(suspended, /^RUNNING: [1-9]/m, 60_000));
  suspended.kill('SIGINT');
  expect((await suspended).exitCode).toBe(4);
  const killed = resume('broken', id, root);
  await untilSaid(killed, /^RUNNING: [1-9]/m, 60_000);
  killed.kill('SIGKILL');
  expect((await killed).signal).toBe('SIGKILL');
  expect((await resume('broken', id, root)).exitCode).toBe(0);
  expect(sums('broken').length).toBeGreaterThan(1000);
  expect(sums('broken')).toEqual(sums('modules'));
}, 120_000);
