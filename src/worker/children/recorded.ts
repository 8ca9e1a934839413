/**
 * Where no process shows its environment, as on macOS: children are written down with the time of their
 * start, and their groups are found by that. What has left its group is not found.
 */
import { execFile } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** `ps` says when a process was started to the second, by the system's clock of then. */
const slackMs = 2000;

export function record(path: string, { pid, mark }: { pid: number; mark: string }): void {
  appendFileSync(path, `${pid} ${Date.now()} ${mark}\n`);
}

/** None of those that were written down is alive. */
export function forgetRecorded(path: string): void {
  writeFileSync(path, '');
}

type Listed = { pid: number; group: number; startedAt: number };

/** All of the groups whose first process bears one of the marks and is still the one that was started. */
export async function findRecorded(path: string, marks: readonly string[]): Promise<number[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const recorded = text
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , mark = '']) => marks.some((each) => mark.startsWith(each)));
  if (recorded.length === 0) return [];
  const listed = await listProcesses();
  const groups = recorded
    .filter(([pid, at]) => listed.some((each) => isSame(each, Number(pid), Number(at))))
    .map(([pid]) => Number(pid));
  return listed.filter(({ group }) => groups.includes(group)).map(({ pid }) => pid);
}

/** A process id may have been given again. */
function isSame({ pid, startedAt }: Listed, recorded: number, at: number): boolean {
  return pid === recorded && Math.abs(startedAt - at) <= slackMs;
}

/** All that run; a dead one that nobody has waited for does not. */
async function listProcesses(): Promise<Listed[]> {
  const args = ['-A', '-o', 'pid=', '-o', 'pgid=', '-o', 'state=', '-o', 'lstart='];
  const { stdout } = await promisify(execFile)('ps', args, {
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
    maxBuffer: 64 * 1024 ** 2,
  });
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state = 'Z']) => !state.startsWith('Z'))
    .map(([pid, group, , ...started]) => ({
      ...{ pid: Number(pid), group: Number(group) },
      startedAt: Date.parse(started.join(' ')),
    }));
}
