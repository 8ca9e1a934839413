/** What a deploy does to its environment: here it writes the version into a file. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineJob } from 'millrace';
import { z } from 'zod';

// #region job
export const rollOut = defineJob({
  type: 'roll-out',
  args: z.object({ environment: z.string(), version: z.string() }),
  timeoutMs: 5 * 60_000,
  async run({ args: { environment, version }, status }) {
    status(`rolling ${version} out to ${environment}`);
    await mkdir('deployed', { recursive: true });
    const path = join('deployed', environment);
    // Run twice it writes the same, and readers see the old file or the new one.
    await writeFile(`${path}.partial`, `${version}\n`);
    await rename(`${path}.partial`, path);
    return { path };
  },
});
// #endregion
