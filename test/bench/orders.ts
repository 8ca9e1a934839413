/** What a benchmark's program hears from its parent and tells it; what it knows of itself. */
import { readFileSync } from 'node:fs';
import { collectEarly } from '../../src/collector.ts';

/** What the parent ordered; it is the same repository that says and reads it. Collects as the program `millrace` does. */
export function ordered(): unknown {
  collectEarly();
  return JSON.parse(process.argv[2] ?? '{}');
}

/** Tells the parent. */
export function tell(what: object): void {
  process.send?.(what);
}

/** Processor time of this process so far, in seconds: on a busy machine it says more than the clock. */
export function processorS(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Resident memory in megabytes: as it is, or as it was at most. */
export function residentMb(which: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}
