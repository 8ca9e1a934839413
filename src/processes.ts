/** Opens what a host needs for jobs in processes of their own, once nothing is left of an earlier host's. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { inheritedEnvironment } from './config.ts';
import type { Config } from './config.ts';
import type { Clock } from './ports/clock.ts';
import type { Store } from './ports/store.ts';
import { createChildren } from './worker/children/children.ts';
import { folderMark } from './worker/children/mark.ts';
import type { Processes } from './worker/run.ts';

type Beside = { store: Store; clock: Clock; log: Logger; execArgv: readonly string[] };

/** Beside this file, in the sources and when they are built. */
const isolatedEntry = new URL(`./isolated${extname(import.meta.url)}`, import.meta.url);

/** Rejects with MillraceError `locked` when something is left that cannot be killed. */
export async function openProcesses(
  config: Config,
  { store, clock, log, execArgv }: Beside,
): Promise<Processes> {
  const children = createChildren({
    mark: folderMark(store.id, statSync(config.data)),
    token: randomBytes(6).toString('base64url'),
    environment: inheritedEnvironment(),
    clock,
    graceMs: config.graceMs,
    execArgv,
    recordPath: process.platform === 'linux' ? undefined : join(config.data, 'children'),
    warn: (text) => log.warn(text),
  });
  const reaped = await children.reap();
  if (reaped > 0) log.warn({ reaped }, 'processes that an earlier host had left were killed');
  return { children, isolation: { program: fileURLToPath(isolatedEntry), source: config } };
}
