/** The data folder of the one process that hosts it: its lock, and the socket by which others reach this one. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { lockFolder } from '../adapters/sqlite/lock.ts';
import { listenForControl } from '../control/listener.ts';
import type { ControlSocket } from '../control/listener.ts';
import { socketName } from '../control/socketPath.ts';
import type { Closing } from './closing.ts';

/** Rejects with MillraceError `locked`, naming the process that hosts the folder. */
export async function takeFolder(
  data: string,
  { log, closing }: { log: Logger; closing: Closing },
): Promise<ControlSocket> {
  const lock = lockFolder(data);
  closing.add(() => lock.release());
  const control = await listenForControl(join(data, socketName), log);
  closing.add(() => control.close());
  return control;
}
