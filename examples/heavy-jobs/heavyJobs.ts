/**
 * Heavy jobs: each text of a folder is sorted and packed by the system's own programs, and a function that
 * would keep this process busy counts words in one of its own.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { defineChain, defineJob } from 'millrace';
import { z } from 'zod';

// #region sort-file
export const sortFile = defineJob({
  type: 'sort-file',
  args: z.object({ path: z.string(), out: z.string() }),
  timeoutMs: 600_000,
  env: { LC_ALL: 'C' }, // added to this process's own
  command: ({ args }) => ['sort', '-u', '-o', args.out, '--', args.path],
});
// #endregion

export const packFile = defineJob({
  type: 'pack-file',
  args: z.object({ path: z.string() }),
  concurrency: 2, // at a time in one worker
  command: ({ args }) => ['gzip', '-kf9', '--', args.path],
});

// #region checksum
export const checksum = defineJob({
  type: 'checksum',
  args: z.object({ path: z.string() }),
  command: ({ args }) => ['sha256sum', '--', args.path],
  result: ({ stdout }, { args }) => ({ path: args.path, sha256: /[0-9a-f]{64}/.exec(stdout)?.[0] }),
});
// #endregion

// #region count-words
export const countWords = defineJob({
  type: 'count-words',
  args: z.object({ paths: z.array(z.string()) }),
  isolate: true, // in a process of its own, which is killed if it does not end in time
  timeoutMs: 600_000,
  run({ args, resultsOf, status }) {
    const counts = new Map<string, number>();
    for (const path of args.paths) {
      status(`counting ${path}`);
      for (const word of readFileSync(path, 'utf8').match(/\p{L}+/gu) ?? [])
        counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    return { words: counts.size, sums: resultsOf(checksum) };
  },
});
// #endregion

export const packTexts = defineChain({
  type: 'pack-texts',
  args: z.object({ dir: z.string(), out: z.string() }),
  async plan({ args, job }) {
    mkdirSync(args.out, { recursive: true });
    const entries = await readdir(args.dir, { withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map(({ name }) => join(args.dir, name))
      .sort();
    const sums = paths.map((path) => {
      const sorted = join(args.out, basename(path));
      const sort = job(sortFile, { path, out: sorted });
      const pack = job(packFile, { path: sorted }, { after: sort });
      return job(checksum, { path: `${sorted}.gz` }, { after: pack });
    });
    job(countWords, { paths }, { name: 'count', after: sums });
  },
});
