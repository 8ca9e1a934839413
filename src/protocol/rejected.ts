/**
 * What can never be accepted is set aside in `millrace.rejected` as it came, with why and where from in its
 * headers, so that a person can look at it, correct it, and send it again.
 */
import { z } from 'zod';
import type { Delivery, Properties, Publication } from '../ports/broker.ts';
import type { ErrorCode } from './errors.ts';
import { sha256 } from './hash.ts';
import { rejectedQueue } from './topology.ts';

/** Why, and when: `at` in epoch milliseconds. */
export type Refusal = { code: ErrorCode; reason: string; at: number };

/** What a broker takes as the headers of a message is bounded, and the reason must find room. */
const maxHeaderBytes = 32 * 1024;
const maxReason = 2000;

/** The last instant that JavaScript knows; AMQP knows later ones. */
const latestAt = 8.64e15;

/** The headers that say why; they are taken off again when the message is sent again. */
export const refusalHeadersSchema = z.object({
  /** One of the closed list of errors. */
  code: z.string(),
  /** For people: what is wrong, and what to do. */
  reason: z.string(),
  /** Where it was published; empty for the default exchange, whose routing key is a queue. */
  exchange: z.string(),
  routingKey: z.string(),
  /** ISO 8601. */
  rejectedAt: z.string(),
  /** The user of the broker who has sent it, if the broker vouched for one. */
  principal: z.string().optional(),
});

/** The message for `millrace.rejected`. */
export function rejection(
  { exchange, routingKey, properties, body }: Publication,
  { code, reason, at }: Refusal,
): Publication {
  const { userId, headers, timestamp, messageId, ...rest } = properties;
  const why: Record<string, string> = {
    code,
    reason: reason.slice(0, maxReason),
    exchange,
    routingKey,
    rejectedAt: new Date(at).toISOString(),
    ...(userId !== undefined && { principal: userId }),
  };
  return {
    exchange: '',
    routingKey: rejectedQueue,
    properties: {
      ...rest,
      messageId: messageId === '' ? sha256(JSON.stringify([why, body])).slice(0, 26) : messageId,
      timestamp: timestamp <= latestAt ? timestamp : at,
      headers: { ...withinBudget(headers), ...why },
    },
    body,
  };
}

/** As many headers as fit, in their order. */
function withinBudget(headers: Properties['headers'] = {}): Record<string, string> {
  let left = maxHeaderBytes;
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => {
      const bytes = Buffer.byteLength(name) + Buffer.byteLength(value);
      if (bytes > left) return false;
      left -= bytes;
      return true;
    }),
  );
}

/** A message in `millrace.rejected`, as lists show it. */
export const rejectedSummarySchema = z.object({
  /** Names it on the command line, for as long as it lies there. */
  id: z.string(),
  ...refusalHeadersSchema.shape,
  messageId: z.string(),
  type: z.string(),
  /** The group that it was for, as far as it said. */
  group: z.string().optional(),
  /** Length of the body. */
  bytes: z.number(),
});

/** The same, whole. */
export const rejectedMessageSchema = z.object({
  ...rejectedSummarySchema.shape,
  correlationId: z.string().optional(),
  replyTo: z.string().optional(),
  /** Its own headers. */
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

export const rejectedListSchema = z.object({
  /** How many lie there. */
  waiting: z.number(),
  messages: z.array(rejectedSummarySchema),
});

export type RejectedSummary = z.infer<typeof rejectedSummarySchema>;
export type RejectedMessage = z.infer<typeof rejectedMessageSchema>;
export type RejectedList = z.infer<typeof rejectedListSchema>;

/** Reads a delivery of `millrace.rejected`; of what others have put there nothing is known but what it is. */
export function toRejected(delivery: Delivery): { message: RejectedMessage; sent: Publication } {
  const { properties, body } = delivery;
  const { headers = {}, ...rest } = properties;
  const why = refusalHeadersSchema.safeParse(headers).data ?? unexplained(delivery);
  const own = Object.fromEntries(
    Object.entries(headers).filter(([name]) => !(name in refusalHeadersSchema.shape)),
  );
  const { messageId, type, correlationId, replyTo } = rest;
  const { group } = own;
  const message = {
    id: sha256(JSON.stringify([messageId, why, body])).slice(0, 12),
    ...why,
    messageId,
    type,
    ...(group !== undefined && { group }),
    bytes: Buffer.byteLength(body),
    ...(correlationId !== undefined && { correlationId }),
    ...(replyTo !== undefined && { replyTo }),
    headers: own,
    body,
  };
  const { exchange, routingKey } = why;
  return { message, sent: { exchange, routingKey, properties: { ...rest, headers: own }, body } };
}

function unexplained({ exchange, routingKey, properties }: Delivery) {
  const rejectedAt = new Date(Math.min(properties.timestamp, latestAt)).toISOString();
  const reason = 'it was not put here by millrace';
  return { code: 'rejected', reason, exchange, routingKey, rejectedAt };
}
