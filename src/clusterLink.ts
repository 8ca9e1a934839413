/** The link to a deployment of many processes: commands over the broker to its gateways, reading from its store. */
import { z } from 'zod';
import { createRejectedQueue } from './gateway/rejectedQueue.ts';
import { addressed } from './link.ts';
import type { Link, News } from './link.ts';
import { checkRequestId } from './protocol/requestId.ts';
import { exchanges, gatewayTopology } from './protocol/topology.ts';
import { reconcile } from './reconcile.ts';
import type { Reader } from './reader.ts';
import { Replies } from './replies.ts';
import type { RepliesOptions } from './replies.ts';

export type ClusterLinkOptions = RepliesOptions & {
  news: News & { close(): Promise<void> };
  reader: Reader;
  partitions: number;
  /** How long an answer may take, in milliseconds. */
  patienceMs?: number | undefined;
};

const answerSchema = z.looseObject({});

type Command = {
  type: string;
  body: object;
  messageId?: string | undefined;
  timeoutMs?: number | undefined;
  /** Whom it is for; a `request.create` says that in its body. */
  headers?: { group: string; to: string };
};

/** `close` tells whoever still waits that it is over. Rejects with TransientError when the broker does not answer. */
export async function openClusterLink(
  options: ClusterLinkOptions,
): Promise<Link & { close(): Promise<void> }> {
  const { broker, reader, partitions, news, newId, patienceMs } = options;
  const replies = new Replies(options);
  // A deployment whose gateways are away keeps what is asked until one is back.
  await broker.declare(gatewayTopology());
  await replies.open();

  const command = (what: string, asked: Command): Promise<unknown> => {
    const { type, body, messageId = newId(), timeoutMs = patienceMs, headers } = asked;
    const question = {
      exchange: exchanges.commands,
      routingKey: type,
      properties: { messageId, type, ...(headers !== undefined && { headers }) },
      body: JSON.stringify(body),
    };
    return replies.ask(question, { what, timeoutMs });
  };

  return {
    reader,
    rejected: createRejectedQueue(options.broker, options.clock),
    news,
    async start({ chain, args, texts, requestId = newId(), user, labels }) {
      checkRequestId(requestId);
      const requestType = typeof chain === 'string' ? chain : chain.type;
      const body = { requestType, args, texts, requestId, user, labels };
      await command(`the start of "${requestId}"`, { type: 'request.create', body });
      return requestId;
    },
    async retry({ of, from, set, texts, requestId = newId(), user, labels }) {
      checkRequestId(requestId);
      const body = { requestId: of, from, set, texts, newRequestId: requestId, user, labels };
      await command(`the retry of "${of}"`, { type: 'request.retry', body });
      return requestId;
    },
    async command(group, type, { messageId, ...body } = {}) {
      const headers = { group, to: 'chain/main' };
      const answer = await command(`"${type}" for "${group}"`, { type, body, messageId, headers });
      return answerSchema.parse(answer);
    },
    async send(address, { type, ...body }, sendOptions) {
      const headers = addressed(address);
      return command(`"${type}" for "${address}"`, { type, body, headers, ...sendOptions });
    },
    query: (address, name, args) => reader.query(address, name, args),
    reconcile: () => reconcile(replies, { partitions, newId, timeoutMs: patienceMs }),
    async close() {
      await news.close();
      await replies.close();
    },
  };
}
