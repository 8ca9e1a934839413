/** Holds the README to the files that it shows and to the commands that CI runs. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { includeRegions } from './kit/readmeBlocks.ts';

const root = new URL('..', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

test('code in the README is what the example files say', () => {
  expect(readme).toBe(includeRegions(readme, root));
});

test('every TypeScript block in the README says which file it is from', () => {
  const all = [...readme.matchAll(/^```ts$/gm)].length;
  const included = [...readme.matchAll(/<!-- from: \S+#\S+ -->\n+```ts$/gm)].length;
  expect(all).toBeGreaterThan(0);
  expect(included).toBe(all);
});

test('the first two shell blocks are one line each: run the example, run the tests', () => {
  const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)\n```$/gm)].map((match) => match[1]);
  expect(blocks.slice(0, 2)).toEqual(['npm ci && npm run example', 'npm ci && npm test']);
});

test('the README stays short', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(200);
});
