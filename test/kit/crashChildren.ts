/**
 * The part of kill.test.ts that is about child processes: the programs that its child starts, and who of a
 * folder's children is alive. Looks at the system by itself, with nothing of the product's.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { below, outcomeOf, paceOf, randomOf } from './crashChain.ts';
import { eventually } from './eventually.ts';

/** How a job does its work; few are isolated, as each takes a process of Node's. */
export type Kind = 'handler' | 'program' | 'isolated';

export function kindOf(id: string, job: string): Kind {
  const at = below(randomOf(`kind/${id}/${job}`), 100);
  if (at < 4) return 'isolated';
  return at < 25 ? 'program' : 'handler';
}

/**
 * Holds a lock of its job while it runs, as does all that it starts: inside of its group, and, when it is
 * going to fail, outside. Writes down what it does.
 */
const script = `
log=$1 lock=$2 key=$3 host=$4 seconds=$5 how=$6 leaves=$7 code=$8
end() { echo "end $key $host" >> "$log"; }
if [ "$how" = deaf ]; then trap '' TERM; else trap 'end; exit 143' TERM; fi
exec 9> "$lock"
flock -n 9 || { echo "overlap $key $host" >> "$log"; exit 99; }
echo "start $key $host" >> "$log"
if [ "$leaves" = yes ]; then sleep 60 > /dev/null 2>&1 & fi
if [ "$code" != 0 ]; then setsid sleep 60 > /dev/null 2>&1 & fi
sleep "$seconds"
end
exit "$code"`;

export type Attempt = { requestId: string; jobId: string; attempt: number; attemptKey: string };

/** The command of an attempt; exits with 1 when the attempt is to fail. */
export function commandOf(folder: string, attempt: Attempt, host: number): string[] {
  const { requestId, jobId, attempt: number, attemptKey } = attempt;
  const { ms, isDeaf } = paceOf(requestId, jobId, number);
  const leaves = randomOf(`leaves/${attemptKey}`)() < 0.3;
  const isToFail = outcomeOf(requestId, jobId, number) === 'failed';
  return [
    ...['sh', '-c', script, 'sh', join(folder, 'executions.log'), lockOf(folder, attempt)],
    ...[attemptKey, String(host), String(ms / 1000), isDeaf ? 'deaf' : 'hears'],
    ...[leaves ? 'yes' : 'no', isToFail ? '1' : '0'],
  ];
}

/** Takes a job's lock for this process; false when another that lives has it. */
export function takeLock(folder: string, attempt: Attempt): (() => void) | undefined {
  const path = lockOf(folder, attempt);
  const holder = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  if (holder > 0 && holder !== process.pid && isAlive(holder)) return undefined;
  writeFileSync(path, String(process.pid));
  return () => rmSync(path, { force: true });
}

/** A process that was killed may stay a zombie for a while, and holds nothing. */
function isAlive(pid: number): boolean {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat !== '' && !/\) [ZX] /.test(stat);
}

function lockOf(folder: string, { requestId, jobId }: Attempt): string {
  return join(folder, `${requestId}.${jobId}.lock`);
}

type Marked = { pid: number; host: number };

/** Processes with the mark of the folder, and the process that hosted it when they were started. */
export function childrenOf(folder: string): Marked[] {
  const { dev, ino } = statSync(folder);
  const mark = new RegExp(`^MILLRACE_CHILD=(?:.* )?\\S+-${dev}-${ino}:(\\d+):`);
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    const entry = environOf(pid).find((each) => mark.test(each));
    return entry === undefined ? [] : [{ pid: Number(pid), host: Number(mark.exec(entry)?.[1]) }];
  });
}

function environOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return [];
  }
}

/** Whether a seed's processes end their watchdogs before themselves. */
export function isWatchdogKilled(seed: number): boolean {
  return seed % 2 === 1;
}

/** Ends the watchdog of this process, so that what is left must be found at the next start. */
export function killWatchdog(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const isOurs = textOf(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[1] === `${process.pid}`;
    if (isOurs && textOf(`/proc/${pid}/cmdline`).includes('watchdog'))
      process.kill(Number(pid), 'SIGKILL');
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Waits for the watchdog of a dead host to have killed all its children. Throws when it has not. */
export async function allKilled(folder: string): Promise<void> {
  await eventually(() => {
    const left = childrenOf(folder);
    if (left.length > 0) throw new Error(`the watchdog has left ${JSON.stringify(left)}`);
  });
}

/** Looks at a folder whose chains have all ended. Throws what is wrong; answers how often a start has found something. */
export function judgeChildren(folder: string): number {
  const left = childrenOf(folder);
  if (left.length > 0) throw new Error(`a stopped host has left ${JSON.stringify(left)}`);
  const lines = textOf(join(folder, 'executions.log')).split('\n');
  const wrong = lines.find((line) => /^(overlap|left) /.test(line));
  if (wrong !== undefined) throw new Error(`children: ${wrong}`);
  return lines.filter((line) => line.startsWith('reaped ')).length;
}
