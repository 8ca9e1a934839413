/** Hands a message to the broker, again in place until it has said what became of it. */
import type { Publication } from '../ports/broker.ts';
import { loggedIds } from '../protocol/logged.ts';
import { pause } from './pause.ts';
import { exchanges } from '../protocol/topology.ts';
import type { Runtime } from './runtime.ts';

/** The broker's own properties of a message that is sent now. */
export function properties(
  runtime: Runtime,
  messageId: string,
  type: string,
): Publication['properties'] {
  return { messageId, type, timestamp: runtime.clock.now() };
}

/** Resolves when the broker has the message, or has nobody to give it to; rejects only when the host stops. */
export async function publish(
  runtime: Runtime,
  publication: Publication,
): Promise<'confirmed' | 'returned'> {
  for (let failures = 1; ; failures += 1) {
    try {
      const sent = await runtime.broker.publish(publication);
      const isLost = sent === 'returned' && publication.exchange === exchanges.partitions;
      if (isLost) runtime.epoch.suspect('a message to a partition came back');
      return sent;
    } catch (err) {
      if (runtime.stopping.signal.aborted) throw err;
      runtime.log.warn(
        { err, ...loggedIds(publication), failures },
        'publish failed; trying again',
      );
      await pause(runtime, failures);
    }
  }
}
