/**
 * Messages as bundles, and back: a quorum queue works by the message, not by the byte. What a bundle brings has
 * tags of its own, and the bundle is acked with the last of it.
 */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { Delivery, Properties, Publication } from '../../ports/broker.ts';
import { bundleSchema, bundleType } from '../../protocol/bundle.ts';
import { exchanges } from '../../protocol/topology.ts';

/** What comes by these is read by hosts alone. */
const toMailboxes: ReadonlySet<string> = new Set([exchanges.partitions, exchanges.results]);

/** Whether this goes to a mailbox, where anything may be bundled. */
export function isToMailbox({ exchange }: { exchange: string }): boolean {
  return toMailboxes.has(exchange);
}

/** Whoever consumes from here knows bundles: hosts and workers. */
function mayBeBundle({ exchange }: Delivery): boolean {
  return toMailboxes.has(exchange) || exchange === exchanges.jobs;
}

/** One message that brings all of these, which go the same way; one alone is sent as it is. */
export function bundleOf(first: Publication, more: readonly Publication[]): Publication {
  if (more.length === 0) return first;
  const { exchange, routingKey, properties } = first;
  const messages = [first, ...more].map((each) => ({ body: each.body, ...each.properties }));
  return {
    exchange,
    routingKey,
    properties: {
      // Ids may be as long as AMQP takes, and no two may be alike on their way.
      messageId: `bundle/${randomUUID()}`,
      type: bundleType,
      timestamp: properties.timestamp,
    },
    body: JSON.stringify({ messages }),
  };
}

/**
 * The messages of a delivery, which is itself where it is no bundle, or one that cannot be read. The last bears
 * the delivery's tag; those before it divide the way from the tag before: 6.25, 6.5, 6.75, 7.
 */
export function messagesOf(delivery: Delivery): readonly Delivery[] {
  if (delivery.properties.type !== bundleType || !mayBeBundle(delivery)) return [delivery];
  const messages = messagesIn(delivery.body);
  if (messages === undefined) return [delivery];
  const { userId } = delivery.properties;
  return messages.map(({ body, ...own }, index) => {
    const properties: Properties = own;
    if (userId !== undefined) properties.userId = userId;
    const tag = delivery.tag - 1 + (index + 1) / messages.length;
    return { ...delivery, properties, body, tag };
  });
}

function messagesIn(body: string): z.infer<typeof bundleSchema>['messages'] | undefined {
  try {
    return bundleSchema.safeParse(JSON.parse(body)).data?.messages;
  } catch {
    return undefined;
  }
}

/** What is acked of bundles: a bundle is acked when all of its messages are. */
export class BundleAcks {
  /** By the bundle's tag, the tags of its messages that are not acked; oldest first. */
  readonly #left = new Map<number, Set<number>>();

  /** Deliveries that came as one. */
  add(messages: readonly Delivery[]): void {
    const last = messages.at(-1);
    if (last !== undefined && messages.length > 1)
      this.#left.set(last.tag, new Set(messages.map(({ tag }) => tag)));
  }

  /** The delivery that is acked with this message, if that was the last of it. */
  ack(tag: number): number | undefined {
    const bundle = Math.ceil(tag);
    const left = this.#left.get(bundle);
    if (left === undefined) return bundle;
    left.delete(tag);
    if (left.size > 0) return undefined;
    this.#left.delete(bundle);
    return bundle;
  }

  /** The delivery up to which all is acked when all messages up to this one are. */
  ackUpTo(tag: number): number {
    for (const [bundle, left] of this.#left) {
      if (bundle - 1 >= tag) break;
      for (const each of left) if (each <= tag) left.delete(each);
      if (left.size === 0) this.#left.delete(bundle);
    }
    return Math.floor(tag);
  }
}
