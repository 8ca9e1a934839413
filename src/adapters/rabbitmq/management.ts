/** RabbitMQ's management API, as far as it tells what the protocol does not: messages that consumers hold. */
import { z } from 'zod';
import type { QueueStats } from '../../ports/queueStats.ts';
import { messageOf, TransientError } from '../../protocol/errors.ts';
import { namesWith } from './names.ts';

export type ManagementOptions = {
  /** `http://user:password@host:15672`. */
  url: string;
  /** Virtual host; default `/`. */
  vhost?: string;
  /** Of the deployment's names; default `millrace`. */
  prefix?: string;
};

const patienceMs = 5000;

/** The counts are missing for some seconds after a queue was declared. */
const queueSchema = z.object({
  messages_ready: z.number(),
  messages_unacknowledged: z.number(),
});

/** Asks nothing before it is asked. */
export function openManagement({
  url,
  vhost = '/',
  prefix = 'millrace',
}: ManagementOptions): QueueStats {
  const { username, password, origin, pathname } = new URL(url);
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  const names = namesWith(prefix);
  const base = `${origin}${pathname.replace(/\/$/, '')}/api/queues/${encodeURIComponent(vhost)}`;
  return {
    async sample(queue) {
      const address = `${base}/${encodeURIComponent(names.outer(queue))}`;
      const response = await ask(address, authorization, origin);
      if (response.status === 404) return undefined;
      if (!response.ok) throw unknown(origin, `it answered ${response.status}`);
      const state = queueSchema.safeParse(await response.json());
      if (!state.success) throw unknown(origin, `it has no counts of the queue ${queue} yet`);
      return { ready: state.data.messages_ready, unacked: state.data.messages_unacknowledged };
    },
  };
}

async function ask(address: string, authorization: string, origin: string): Promise<Response> {
  const signal = AbortSignal.timeout(patienceMs);
  try {
    return await fetch(address, { headers: { authorization }, signal });
  } catch (cause) {
    throw unknown(origin, messageOf(cause), cause);
  }
}

function unknown(origin: string, why: string, cause?: unknown): TransientError {
  const message = `RabbitMQ's management API at ${origin} does not tell: ${why}; check managementUrl and its login`;
  return new TransientError(message, { cause });
}
