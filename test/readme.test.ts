/** Holds the READMEs to the files that they show and to the commands that CI runs. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { includeRegions, readmes } from './kit/readmeBlocks.ts';

const root = new URL('..', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

describe.each(readmes(root).map((path) => [path.pathname.slice(root.pathname.length), path]))(
  '%s',
  (_, path) => {
    const text = readFileSync(path, 'utf8');

    test('shows code as the example files have it', () => {
      expect(text).toBe(includeRegions(text, root));
    });

    test('says of every TypeScript block which file it is from', () => {
      const all = [...text.matchAll(/^```ts$/gm)].length;
      const included = [...text.matchAll(/<!-- from: \S+#\S+ -->\n+```ts$/gm)].length;
      expect(included).toBe(all);
    });
  },
);

test('the first two shell blocks are one line each: run the example, run the tests', () => {
  const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)\n```$/gm)].map((match) => match[1]);
  expect(blocks.slice(0, 2)).toEqual(['npm ci && npm run example', 'npm ci && npm test']);
});

test('the README stays short', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(200);
});
