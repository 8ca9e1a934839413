/** The link inside the one process that hosts: it plans here, and speaks to partitions over the broker like everyone. */
import { z } from 'zod';
import { createRejectedQueue } from './gateway/rejectedQueue.ts';
import { addressed, committedOf } from './link.ts';
import type { Asked, Link, News, RetryAsked } from './link.ts';
import { checkRequestId } from './protocol/requestId.ts';
import { exchanges, partitionKey, partitionOf } from './protocol/topology.ts';
import { reconcile } from './reconcile.ts';
import type { Reader } from './reader.ts';
import { Replies } from './replies.ts';
import type { RepliesOptions } from './replies.ts';
import type { Feed } from './runtime/feed.ts';
import type { Valve } from './runtime/valve.ts';

export type HostLinkOptions = RepliesOptions & {
  feed: Feed;
  reader: Reader;
  partitions: number;
  valve: Valve;
  /** The body of `chain.create` without the request's own fields. */
  plan(asked: Asked): Promise<object>;
  /** The same of a request that retries another. */
  planRetry(asked: RetryAsked): Promise<object>;
};

const answerSchema = z.looseObject({});

type ToSend = {
  type: string;
  /** Default: the chain. */
  to?: string;
  body: unknown;
  messageId?: string | undefined;
  timeoutMs?: number | undefined;
};

/** `close` tells whoever still waits that it is over. */
export async function openHostLink(
  options: HostLinkOptions,
): Promise<Link & { close(): Promise<void> }> {
  const { feed, reader, partitions, valve, newId } = options;
  const replies = new Replies(options);
  await replies.open();

  const send = (group: string, { type, ...message }: ToSend): Promise<unknown> => {
    const { to = 'chain/main', body, messageId = newId(), timeoutMs } = message;
    const question = {
      exchange: exchanges.partitions,
      routingKey: partitionKey(partitionOf(group, partitions)),
      properties: { messageId, type, headers: { group, to } },
      body: JSON.stringify(body),
    };
    return replies.ask(question, { what: `"${type}" for "${group}"`, timeoutMs });
  };

  const create = async (requestId: string, plan: () => Promise<object>): Promise<string> => {
    checkRequestId(requestId);
    await valve.pass(partitionOf(requestId, partitions), async () => {
      await send(requestId, { type: 'chain.create', body: await plan() });
    });
    return requestId;
  };

  return {
    reader,
    rejected: createRejectedQueue(options.broker, options.clock),
    news: newsOf(feed),
    start: (asked) => {
      const { requestId = newId(), user, labels } = asked;
      return create(requestId, async () => ({ ...(await options.plan(asked)), user, labels }));
    },
    retry: (asked) => {
      const { requestId = newId(), user, labels } = asked;
      const given = {
        ...(user !== undefined && { user }),
        ...(labels !== undefined && { labels }),
      };
      return create(requestId, async () => ({ ...(await options.planRetry(asked)), ...given }));
    },
    async command(id, type, { messageId, ...body } = {}) {
      return answerSchema.parse(await send(id, { type, messageId, body }));
    },
    async send(address, { type, ...body }, sendOptions) {
      const { group, to } = addressed(address);
      return send(group, { type, to, body, ...sendOptions });
    },
    query: (address, name, args) => reader.query(address, name, args),
    reconcile: () => reconcile(replies, { partitions, newId }),
    async close() {
      feed.end();
      await replies.close();
    },
  };
}

function newsOf(feed: Feed): News {
  return {
    subscribe: (id, listener) =>
      feed.subscribe(id, {
        onEntry: (entry) => listener.onCommitted?.(committedOf(entry)),
        onStatus: (signal) => listener.onStatus?.(signal),
        onOutput: (signal) => listener.onOutput?.(signal),
        onEnd: () => listener.onEnd?.(),
      }),
  };
}
