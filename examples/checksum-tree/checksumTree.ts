/**
 * Checksums of a folder's files: a job a file, and one that writes what `sha256sum -c` reads. Paths are
 * relative to the working directory; links are not followed.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { defineChain, defineJob } from 'millrace';
import { z } from 'zod';

// #region hash-file
export const hashFile = defineJob({
  type: 'hash-file',
  args: z.object({ path: z.string() }),
  retry: { attempts: 3, waitMs: 500 }, // attempts in all
  timeoutMs: 60_000,
  async run({ args, signal, status }) {
    status(`reading ${args.path}`);
    return { path: args.path, sha256: await sha256(args.path, signal) };
  },
});
// #endregion

// #region write-sums
export const writeSums = defineJob({
  type: 'write-sums',
  args: z.object({ out: z.string() }),
  async run({ args, resultsOf, status }) {
    const sums = resultsOf(hashFile);
    status(`writing ${sums.length} checksums to ${args.out}`);
    await writeWhole(args.out, sums.map(toLine).join(''));
    return { files: sums.length };
  },
});
// #endregion

// #region checksum-tree
export const checksumTree = defineChain({
  type: 'checksum-tree',
  args: z.object({ dir: z.string(), out: z.string() }),
  async plan({ args, job }) {
    const paths = await listFiles(args.dir, args.out);
    const hashes = paths.map((path) => job(hashFile, { path }));
    job(writeSums, { out: args.out }, { name: 'write', after: hashes });
  },
});
// #endregion

/** Regular files below a folder in byte order, without the file that is going to be written. */
async function listFiles(dir: string, out: string): Promise<string[]> {
  const ours = new Set([resolve(out), partial(resolve(out))]);
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => resolve(entry.parentPath, entry.name))
    .filter((path) => !ours.has(path) && !isMillraceData(path))
    .map((path) => relative('', path))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** The store changes while it is read. */
function isMillraceData(path: string): boolean {
  return path.startsWith(join(resolve('.millrace'), '/'));
}

/** Streams the file: memory stays the same whatever its size. */
async function sha256(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest('hex');
}

/** As `sha256sum` writes it: a backslash before the line says that its name is escaped. */
function toLine({ path, sha256: sum }: { path: string; sha256: string }): string {
  const name = path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${name === path ? '' : '\\'}${sum}  ${name}\n`;
}

/** Readers see the old file or the new one, also after a crash; a second run writes the same. */
async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(partial(path), 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial(path), path);
}

function partial(path: string): string {
  return `${path}.partial`;
}
