/** Tells a worker what became of what it asks. Not owed: a worker that hears nothing asks again. */
import type { Notice } from '../group.ts';
import type { Incoming } from '../incoming.ts';
import { properties, publish } from '../publish.ts';
import type { Runtime } from '../runtime.ts';

/** Begins to send what of the notices is for the worker. */
export function tellWorker(
  runtime: Runtime,
  message: Incoming | undefined,
  notices: readonly Notice[],
  sending: Promise<unknown>[],
): void {
  if (message?.asker === undefined) return;
  for (const notice of notices) {
    if (notice.kind !== 'worker') continue;
    const { type, body } = notice;
    const { executionId } = body;
    sending.push(
      publish(runtime, {
        exchange: '',
        routingKey: message.asker,
        properties: {
          ...properties(runtime, `${executionId}/${type}`, type),
          correlationId: executionId,
        },
        body: JSON.stringify(body),
      }),
    );
  }
}
