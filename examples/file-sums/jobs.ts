/** What happens before and after the programs that the spec starts. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineJob } from 'millrace';
import { z } from 'zod';

/** Sets `files` while the request is planned, so that there is a job for each. */
export const listFiles = defineJob({
  type: 'list-files',
  args: z.object({ dir: z.string() }),
  async create({ args: { dir } }) {
    const entries = await readdir(dir, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(dir, name));
    return { files: files.toSorted() };
  },
  run: () => undefined,
});

/** The data of all jobs before it is merged: a sum for each file. */
export const writeSums = defineJob({
  type: 'write-sums',
  args: z.object({ out: z.string() }),
  async run({ args: { out }, data }) {
    const lines = Object.entries(data).map(([file, sum]) => `${String(sum)}  ${file}\n`);
    await writeFile(out, lines.toSorted().join(''));
    return { files: lines.length };
  },
});
