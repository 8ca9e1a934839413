/** What a newcomer does first: clone, then the README's first shell block, word for word. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { tempFolder } from '../kit/tempFolder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = tempFolder();

test('the first command of the README works in a fresh clone and ends with a checked SHA256SUMS', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, first = ''] = /```sh\n(.*)\n```/.exec(readme) ?? [];
  expect(first).not.toBe('');
  const clone = join(folder, 'millrace');
  await execa('git', ['clone', '--quiet', root, clone]);
  const { stdout, all } = await execa('bash', ['-c', first], {
    cwd: clone,
    all: true,
    extendEnv: true,
  });
  expect(all).toContain('COMPLETE');
  expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/SHA256SUMS.*checked/);
}, 240_000);
