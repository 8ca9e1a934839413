/**
 * The watchdog, a process of its own beside a host that has children: when the host has died, however it
 * did, it kills what the host leaves. Its standard input ends with the host; its arguments are the
 * host's mark and, where children are written down, the file.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { find } from './find.ts';
import { killAll } from './kill.ts';

const [, , mark = '', recordPath] = process.argv;
const againMs = 50;

// It outlives the Ctrl-C that ends the host.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stdin.resume().on('close', () => {
  void killLeft();
});

async function killLeft(): Promise<void> {
  if (!mark.endsWith(':')) return;
  await killAll(() => find([mark], recordPath));
  await delay(againMs);
  await killAll(() => find([mark], recordPath));
}
