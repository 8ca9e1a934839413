/**
 * What lies in `millrace.rejected`, for a person: looked at, sent again, taken off. AMQP cannot look without
 * taking: what is looked at is held unacked for that moment, and goes back when the channel is closed.
 */
import type { Broker, Channel } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import { MillraceError } from '../protocol/errors.ts';
import { toRejected } from '../protocol/rejected.ts';
import type { RejectedList, RejectedMessage, RejectedSummary } from '../protocol/rejected.ts';
import { rejectedQueue } from '../protocol/topology.ts';

export type RejectedQueue = {
  /** Oldest first, at most `limit`. */
  list(limit: number): Promise<RejectedList>;
  /** Rejects with MillraceError `not-found`, as do the next two. */
  show(id: string): Promise<RejectedMessage>;
  /**
   * Sends it again to where it came from, with another body if one is given, and takes it off. Rejects with
   * MillraceError `state` when no queue takes it any more; it then stays.
   */
  requeue(id: string, body?: string): Promise<RejectedSummary>;
  /** Takes it off for good. */
  drop(id: string): Promise<RejectedSummary>;
};

/** AMQP counts unacked messages in 16 bits. */
const mostLooked = 65_000;

/**
 * After so long without another one all have been seen. RabbitMQ's count is not enough: what somebody else has
 * just looked at is given back a little later.
 */
const quietMs = 500;

type Found = ReturnType<typeof toRejected> & { tag: number };

/** Over one queue one looks at a time. */
export function createRejectedQueue(broker: Broker, clock: Clock): RejectedQueue {
  let before: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(look: () => Promise<T>): Promise<T> => {
    const done = before.then(look);
    before = done.catch(() => undefined);
    return done;
  };
  const withMessage = <T>(id: string, use: (found: Found, channel: Channel) => Promise<T>) =>
    inTurn(async () => {
      const all: Found[] = [];
      const { waiting, channel } = await lookThrough(broker, clock, mostLooked, (each) => {
        if (each.message.id === id) all.push(each);
        return all.length > 0;
      });
      try {
        const [found] = all;
        if (found === undefined || channel === undefined) throw absent(id, waiting);
        return await use(found, channel);
      } finally {
        await channel?.close();
      }
    });

  return {
    list: (limit) =>
      inTurn(async () => {
        const messages: RejectedSummary[] = [];
        const { waiting, channel } = await lookThrough(broker, clock, limit, ({ message }) => {
          messages.push(summaryOf(message));
          return messages.length >= limit;
        });
        await channel?.close();
        const oldestFirst = messages.sort((a, b) => (a.rejectedAt < b.rejectedAt ? -1 : 1));
        return { waiting, messages: oldestFirst.slice(0, limit) };
      }),
    show: (id) => withMessage(id, async ({ message }) => message),
    requeue: (id, body) =>
      withMessage(id, async ({ message, sent, tag }, channel) => {
        const outcome = await broker.publish({ ...sent, body: body ?? sent.body });
        if (outcome === 'returned') throw untakeable(message);
        channel.ack(tag);
        return summaryOf(message);
      }),
    drop: (id) =>
      withMessage(id, async ({ message, tag }, channel) => {
        channel.ack(tag);
        return summaryOf(message);
      }),
  };
}

/** Shows at most so many messages to `see`, until it has seen enough or all; the channel holds them until it is closed. */
async function lookThrough(
  broker: Broker,
  clock: Clock,
  most: number,
  see: (found: Found) => boolean,
): Promise<{ waiting: number; channel?: Channel }> {
  const state = await broker.inspect(rejectedQueue);
  const waiting = state?.ready ?? 0;
  if (state === undefined || (waiting === 0 && !broker.isRemote)) return { waiting };
  let done = (): void => undefined;
  const seen = new Promise<void>((resolve) => (done = resolve));
  let takeBack = clock.after(quietMs, done);
  let count = 0;
  let isEnough = false;
  const channel = await broker.consume(rejectedQueue, {
    prefetch: Math.min(most, mostLooked),
    onClosed: done,
    onDelivery(delivery) {
      if (isEnough) return;
      takeBack();
      takeBack = clock.after(quietMs, done);
      count += 1;
      const isAll = count >= waiting && !broker.isRemote;
      isEnough = see({ ...toRejected(delivery), tag: delivery.tag }) || isAll;
      if (isEnough) done();
    },
  });
  await seen;
  takeBack();
  return { waiting: Math.max(waiting, count), channel };
}

function summaryOf(message: RejectedMessage): RejectedSummary {
  const { headers: _headers, body: _body, correlationId: _id, replyTo: _to, ...summary } = message;
  return summary;
}

function absent(id: string, waiting: number): MillraceError {
  const there = waiting === 0 ? 'nothing is there' : `${waiting} are there: millrace rejected list`;
  return new MillraceError('not-found', `no rejected message has the id "${id}"; ${there}`);
}

function untakeable({ id, exchange, routingKey }: RejectedMessage): MillraceError {
  const where = exchange === '' ? `the queue ${routingKey}` : `"${routingKey}" at ${exchange}`;
  const remedy = 'it stays; start what declares the queue, or drop it';
  return new MillraceError('state', `no queue takes ${id} for ${where} any more; ${remedy}`);
}
