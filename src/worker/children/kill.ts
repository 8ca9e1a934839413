/** Kills processes until none of them is found any more; for the host and for its watchdog. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const againMs = 10;
const mostLooks = 500;

export type Killed = {
  /** How many were found in all. */
  killed: number;
  /** Those that SIGKILL did not end within 5 s. */
  left: readonly number[];
};

/**
 * SIGKILLs all that `find` finds, and what they started meanwhile. Ends after two looks in a row that find none, as
 * a process shows no environment for a moment while it starts a program.
 */
export async function killAll(find: () => Promise<readonly number[]>): Promise<Killed> {
  const all = new Set<number>();
  let left: readonly number[] = [];
  let empty = 0;
  for (let look = 0; look < mostLooks; look += 1) {
    left = await find();
    for (const pid of left) signalTo(pid, 'SIGKILL');
    for (const pid of left) all.add(pid);
    empty = left.length === 0 ? empty + 1 : 0;
    if (empty === 2) break;
    await delay(againMs);
  }
  for (const pid of all)
    for (let look = 0; look < mostLooks && (await isEnding(pid)); look += 1) await delay(againMs);
  return { killed: all.size, left };
}

/** A killed process shows no environment before it has closed its files; a dead one that nobody has waited for is a zombie. */
async function isEnding(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

/** False when there is no such process, or none in the group of a negative id. */
export function signalTo(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
