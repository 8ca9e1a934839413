/**
 * FerretDB, the server that speaks MongoDB's protocol where no MongoDB is installed: the program of
 * `ferretdb/main.go`, built once by Go (about 90 s) into the user's cache folder.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const source = fileURLToPath(new URL('ferretdb', import.meta.url));

/** Where the program is, or will be, once it is built: another source has another place. */
function programPath(): string {
  const hash = createHash('sha256');
  for (const name of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(source, name)));
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(cache, 'millrace', `ferretdb-1.24.2-${hash.digest('hex').slice(0, 8)}`, 'ferretdb');
}

/** The program, if it has been built. */
export function builtFerretdb(): string | undefined {
  const path = programPath();
  return existsSync(path) ? path : undefined;
}

/** Builds the program; undefined when there is no Go. */
export async function buildFerretdb(): Promise<string | undefined> {
  if (!(await hasGo())) return undefined;
  const path = programPath();
  process.stderr.write(`Building FerretDB 1.24.2 for the tests, once (about 90 s): ${path}\n`);
  mkdirSync(join(path, '..'), { recursive: true });
  // Several may build at once; each has a whole program when it is done.
  const unfinished = `${path}.${process.pid}`;
  await run('go', ['build', '-trimpath', '-o', unfinished, '.'], { cwd: source });
  renameSync(unfinished, path);
  return path;
}

async function hasGo(): Promise<boolean> {
  try {
    await run('go', ['version']);
    return true;
  } catch {
    return false;
  }
}
