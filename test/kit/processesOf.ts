/** Processes that a server of a test has started, found by a variable in their environment. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Sends a signal to all processes that have `mark` (`NAME=value`) in their environment. */
export function signalAll(mark: string, signal: NodeJS.Signals): void {
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
