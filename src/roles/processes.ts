/** Opens what a worker needs for jobs in processes of their own, once nothing is left of an earlier one of the same folder. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { inheritedEnvironment } from '../config.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../ports/clock.ts';
import { createChildren } from '../worker/children/children.ts';
import { folderMark } from '../worker/children/mark.ts';
import type { Processes } from '../worker/run.ts';

type Beside = {
  /** Of the store in the data folder that this process has locked; without one it has no folder of its own. */
  storeId: string | undefined;
  clock: Clock;
  log: Logger;
  execArgv: readonly string[];
};

/** In the sources and when they are built. */
const isolatedEntry = new URL(`../isolated${extname(import.meta.url)}`, import.meta.url);

/** Rejects with MillraceError `locked` when something is left that cannot be killed. */
export async function openProcesses(
  config: Config,
  { storeId, clock, log, execArgv }: Beside,
): Promise<Processes> {
  const token = randomBytes(6).toString('base64url');
  const isFolder = storeId !== undefined;
  const children = createChildren({
    // Workers without a folder may run side by side: none kills what another has started.
    mark: isFolder ? folderMark(storeId, statSync(config.data)) : `worker-${token}:`,
    token,
    environment: inheritedEnvironment(),
    clock,
    graceMs: config.graceMs,
    execArgv,
    recordPath: recordPath(isFolder ? config.data : tmpdir(), isFolder ? '' : `-${token}`),
    warn: (text) => log.warn(text),
  });
  const reaped = isFolder ? await children.reap() : 0;
  if (reaped > 0) log.warn({ reaped }, 'processes that an earlier host had left were killed');
  return { children, isolation: { program: fileURLToPath(isolatedEntry), source: config } };
}

/** Linux shows the environments of processes, and needs no record. */
function recordPath(folder: string, suffix: string): string | undefined {
  return process.platform === 'linux' ? undefined : join(folder, `children${suffix}`);
}
