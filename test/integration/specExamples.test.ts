/** The examples of request specs, each from the command line to COMPLETE, and what they leave behind. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { root, start } from '../cli/kit.ts';
import type { Program } from '../cli/kit.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const folder = tempFolder();

function run(example: string, ...args: string[]): Program {
  const config = join(root, 'examples', example, 'millrace.config.ts');
  return start(['--config', config, '--data', join(folder, example), 'run', ...args], folder);
}

const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

test('a host is drained until it is empty, then removed; one that there is not is refused', async () => {
  mkdirSync(join(folder, 'fleet'));
  writeFileSync(join(folder, 'fleet/db1'), '5\n');
  const { exitCode, all } = await run('decommission-host', 'decommission-host', 'host=db1', '-v');
  expect([exitCode, all]).toEqual([0, expect.stringContaining('COMPLETE in')]);
  // From 5 to 2, to 1, to 0: the sequence is tried three times.
  expect(all.match(/^fail: verify$/gm)).toHaveLength(2);
  expect(existsSync(join(folder, 'fleet/db1'))).toBe(false);
  const gone = await run('decommission-host', 'decommission-host', 'host=db1');
  expect(gone.exitCode).toBe(2);
  expect(gone.stderr).toContain('there is no host db1 in fleet');
});

test('programs of the spec run for each file, and what they print is data', async () => {
  mkdirSync(join(folder, 'tree'));
  for (const name of ['a', 'b b', 'c$d', 'é'])
    writeFileSync(join(folder, 'tree', name), `file ${name}`);
  const { exitCode, all } = await run('file-sums', 'file-sums', 'dir=tree', 'out=SUMS');
  expect([exitCode, all]).toEqual([0, expect.stringContaining('COMPLETE in')]);
  expect(read('SUMS').trimEnd().split('\n')).toHaveLength(4);
  const { exitCode: checked } = await execa('sha256sum', ['-c', 'SUMS'], { cwd: folder });
  expect(checked).toBe(0);
});

test('a deployment is careful in production, quick elsewhere, and announced when it is asked for', async () => {
  const args = ['app=shop', 'hosts=["web1","web2"]'];
  const careful = await run('deploy-app', 'deploy', ...args, 'version=1', 'env=production', '-v');
  expect([careful.exitCode, careful.all]).toEqual([
    0,
    expect.stringContaining('complete: probe#2'),
  ]);
  expect(existsSync(join(folder, 'news.txt'))).toBe(false);
  const quick = await run('deploy-app', 'deploy', ...args, 'version=2', 'announce=yes', '-v');
  expect([quick.exitCode, quick.all]).toEqual([0, expect.not.stringContaining('probe')]);
  expect([read('hosts/web1/shop'), read('hosts/web2/shop')]).toEqual(['2', '2']);
  expect(read('news.txt')).toBe('shop is at 2\n');
});

test('what does not fit is refused before anything runs', async () => {
  const { exitCode, stderr } = await run('deploy-app', 'deploy', 'app=shop', 'hosts=web1');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('version is missing (version=…)');
  expect(stderr).toContain('hosts: Invalid input: expected array, received string');
});
