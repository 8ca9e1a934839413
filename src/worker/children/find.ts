/** Finds the processes that bear a mark: on Linux in their environments, whatever group or session they are in. */
import { readdir, readFile } from 'node:fs/promises';
import { bears } from './mark.ts';
import { findRecorded } from './recorded.ts';

/** Files that are read at a time. */
const sideBySide = 64;

/** Process ids of what bears one of the marks, in the children that were written to `recordPath`, else on this system. */
export function find(marks: readonly string[], recordPath?: string): Promise<number[]> {
  return recordPath === undefined ? findMarked(marks) : findRecorded(recordPath, marks);
}

/** Process ids; never this process's own. Other people's processes cannot be read, and are not ours. */
export async function findMarked(marks: readonly string[]): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: number[] = [];
  const look = async (): Promise<void> => {
    for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
      if (Number(pid) !== process.pid && bears(await environOf(pid), marks))
        found.push(Number(pid));
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, look));
  return found;
}

async function environOf(pid: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}
