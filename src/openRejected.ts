/**
 * Composition for what could not be accepted: the queue of the configured broker, or that of the process that
 * hosts the data folder, whose broker is inside it.
 */
import type { Config } from './config.ts';
import { openConnection } from './connect.ts';
import type { RejectedQueue } from './gateway/rejectedQueue.ts';

export type OpenRejected = { rejected: RejectedQueue; close(): Promise<void> };

/** Rejects with MillraceError `unavailable` when there is no broker, or nobody hosts the folder. */
export async function openRejected(config: Config): Promise<OpenRejected> {
  const { link, close } = await openConnection(config, { patienceMs: 5000 });
  return { rejected: link.rejected, close };
}
