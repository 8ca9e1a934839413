/** Hands a message to the broker, again in place until it has said what became of it. */
import type { Publication } from '../ports/broker.ts';
import { pause } from './pause.ts';
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
      return await runtime.broker.publish(publication);
    } catch (err) {
      if (runtime.stopping.signal.aborted) throw err;
      runtime.log.warn(
        { err, type: publication.properties.type, failures },
        'publish failed; trying again',
      );
      await pause(runtime, failures);
    }
  }
}
