/** Where tests get Python with pika from: the system's, with Debian's package python3-pika; under CI=true by apt-get. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Debian's packages are for its own Python, which need not be the first on the PATH. */
const candidates = ['/usr/bin/python3', 'python3'];

/** The command of a Python that can import pika, or why there is none; with CI=true there must be one. */
export async function pythonWithPika(): Promise<{ python: string } | { skipped: string }> {
  const isCi = process.env['CI'] === 'true';
  const found = (await find()) ?? (isCi ? await install().then(find) : undefined);
  if (found !== undefined) return { python: found };
  const skipped = 'no Python with pika: install the package python3-pika';
  if (isCi) throw new Error(skipped);
  return { skipped };
}

async function find(): Promise<string | undefined> {
  for (const candidate of candidates) {
    try {
      await run(candidate, ['-c', 'import pika']);
      return candidate;
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

async function install(): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const [command = '', ...first] =
    process.getuid?.() === 0 ? ['apt-get'] : ['sudo', '-n', 'apt-get'];
  await run(command, [...first, 'update'], { env, maxBuffer: 64 * 1024 * 1024 });
  const args = ['install', '-y', 'python3-pika'];
  await run(command, [...first, ...args], { env, maxBuffer: 64 * 1024 * 1024 });
}
