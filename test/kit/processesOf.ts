/** Processes that a server of a test has started, found by a variable in their environment. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Sends a signal to all processes that have `mark` (`NAME=value`) in their environment. */
function signalAll(mark: string, signal: NodeJS.Signals): void {
  for (const pid of processesOf(mark)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended in the meantime.
    }
  }
}

/** Asks them to end, and kills after `graceMs` what has not. */
export async function endAll(mark: string, graceMs: number): Promise<void> {
  signalAll(mark, 'SIGTERM');
  const until = Date.now() + graceMs;
  while (Date.now() < until && processesOf(mark).length > 0) await delay(50);
  while (processesOf(mark).length > 0) {
    signalAll(mark, 'SIGKILL');
    await delay(20);
  }
}

const guardScript = `
  cat > /dev/null
  for each in /proc/[0-9]*; do
    grep -qsF "$1" "$each/environ" && kill -9 "\${each#/proc/}"
  done
  rm -rf "$2"
`;

/**
 * Kills them and deletes their folder when this process ends, also when it is killed: a shell waits for the end
 * of a pipe. Returns what takes that back.
 */
export function killAfterUs(mark: string, folder: string): () => void {
  const guard = spawn('sh', ['-c', guardScript, 'guard', mark, folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return () => void guard.kill('SIGKILL');
}

function processesOf(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => environmentOf(pid).split('\0').includes(mark))
    .map(Number);
}

/** A process that has ended and is not fetched yet has none. */
function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}
