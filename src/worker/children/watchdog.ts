/**
 * The watchdog, a process of its own beside a host that has children: when the host has died, however it
 * did, it kills what the host leaves. Its standard input ends with the host; its argument is the host's mark.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { findMarked } from './find.ts';
import { killAll } from './kill.ts';

const mark = process.argv[2] ?? '';
const againMs = 50;

// It outlives the Ctrl-C that ends the host.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stdin.resume().on('close', () => {
  void killLeft();
});

async function killLeft(): Promise<void> {
  if (!mark.endsWith(':')) return;
  await killAll(() => findMarked([mark]));
  await delay(againMs);
  await killAll(() => findMarked([mark]));
}
