/**
 * Composition for what could not be accepted: the queue of the configured broker, or that of the process that
 * hosts the data folder, whose broker is inside it.
 */
import type { Config } from './config.ts';
import { openConnection } from './connect.ts';
import { createRejectedQueue } from './gateway/rejectedQueue.ts';
import type { RejectedQueue } from './gateway/rejectedQueue.ts';
import { portsOf } from './roles/ports.ts';

export type OpenRejected = { rejected: RejectedQueue; close(): Promise<void> };

/** Rejects with MillraceError `unavailable` when there is no broker, or nobody hosts the folder. */
export async function openRejected(config: Config): Promise<OpenRejected> {
  if (config.amqpUrl !== undefined) {
    const { openBroker, clock } = portsOf(config, {});
    const broker = await openBroker(config);
    return { rejected: createRejectedQueue(broker, clock), close: () => broker.close() };
  }
  const { link, close } = await openConnection(config, { patienceMs: 5000 });
  return { rejected: link.rejected, close };
}
