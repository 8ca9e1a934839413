/** What programs do with requests: start, follow, stop, suspend, resume. Commands go through the broker like everyone's. */
import { z } from 'zod';
import type { ChainDefinition } from './definitions.ts';
import type { Broker, Channel, Publication } from './ports/broker.ts';
import type { Clock } from './ports/clock.ts';
import type { Store } from './ports/store.ts';
import { maxIdBytes } from './protocol/envelope.ts';
import { MillraceError } from './protocol/errors.ts';
import type { ErrorCode } from './protocol/errors.ts';
import { isTerminal } from './protocol/states.ts';
import { exchanges, ownQueueTopology, partitionKey, partitionOf } from './protocol/topology.ts';
import { transitions, until } from './follow.ts';
import type { Reader, RequestEvent, RequestStatus, RequestTransition } from './reader.ts';
import type { StatusSignal } from './protocol/attempts.ts';
import type { Feed } from './runtime/feed.ts';

export type StartOptions = {
  /** The request's id; starting one that exists changes nothing and answers with it. Default: a new one. */
  requestId?: string;
  user?: string;
  labels?: Readonly<Record<string, string>>;
};

/** A request that was started. */
export type Request = {
  readonly id: string;
  /** As it stands. */
  status(): Promise<RequestStatus>;
  /** Every change of state from its creation on; ends when the request does, or when `signal` is aborted. */
  transitions(options?: { signal?: AbortSignal }): AsyncIterable<RequestTransition>;
  /** What running attempts say, until the request ends or `signal` is aborted. */
  onStatus(listener: (signal: StatusSignal) => void): () => void;
  /** Resolves when it is COMPLETE, FAIL or STOPPED. */
  finished(): Promise<RequestStatus>;
  /** Resolves when it has ended, is SUSPENDED, or is parked. */
  settled(): Promise<RequestStatus>;
  /** Ends it: running jobs are stopped. Rejects with MillraceError `state` when it cannot be. */
  stop(): Promise<void>;
  /** Stops running jobs and keeps the rest for `resume`, for as long as it takes. */
  suspend(): Promise<void>;
  resume(): Promise<void>;
  /** Steps what was kept while it was parked; `skip` sets the message that throws aside. Answers how many. */
  unpark(options?: { skip?: boolean }): Promise<{ stepped: number; skipped: number }>;
  /** The event log from `after` on. */
  events(after?: number): AsyncIterable<RequestEvent>;
};

export type Client = {
  /** Plans a chain and starts it; resolves when it is committed. Rejects with MillraceError `plan`. */
  start<Args extends z.ZodType>(
    chain: ChainDefinition<Args>,
    args: z.input<Args>,
    options?: StartOptions,
  ): Promise<Request>;
  /** A request by its id; nothing is asked yet. */
  request(id: string): Request;
  reader: Reader;
};

const answerSchema = z.looseObject({
  ok: z.boolean(),
  code: z.string().optional(),
  message: z.string().optional(),
});

type Answer = z.infer<typeof answerSchema>;

/** Who waits for an answer. */
type Waiting = { resolve(answer: Answer): void; reject(reason: Error): void };

export type ClientOptions = {
  broker: Broker;
  store: Store;
  clock: Clock;
  feed: Feed;
  reader: Reader;
  newId(): string;
  /** Plans a chain: the JSON of `chain.create` without the request's own fields. */
  plan(chain: ChainDefinition, args: unknown): Promise<unknown>;
};

/** A client of the host in this process; `close` ends its reply queue. */
export async function openClient(
  options: ClientOptions,
): Promise<Client & { close(): Promise<void> }> {
  const { broker, store, clock, feed, reader, newId } = options;
  const replyTo = `millrace.replies.${newId().slice(-8)}`;
  const waiting = new Map<string, Waiting>();
  await broker.declare(ownQueueTopology(exchanges.replies, replyTo, replyTo));
  const channel: Channel = await broker.consume(replyTo, {
    prefetch: 1000,
    onClosed: () => undefined,
    onDelivery: ({ tag, body, properties }) => {
      const { correlationId = '' } = properties;
      waiting.get(correlationId)?.resolve(answerSchema.parse(JSON.parse(body)));
      waiting.delete(correlationId);
      channel.ack(tag);
    },
  });

  const send = async (group: string, type: string, body: unknown): Promise<Answer> => {
    const messageId = newId();
    const answered = new Promise<Answer>((resolve, reject) =>
      waiting.set(messageId, { resolve, reject }),
    );
    const publication: Publication = {
      exchange: exchanges.partitions,
      routingKey: partitionKey(partitionOf(group, store.partitions)),
      properties: {
        messageId,
        type,
        timestamp: clock.now(),
        replyTo,
        headers: { group, to: 'chain/main' },
      },
      body: JSON.stringify(body),
    };
    const sent = broker.publish(publication).catch((cause: unknown) => {
      waiting.delete(messageId);
      throw cause;
    });
    const [answer] = await Promise.all([answered, sent]);
    if (answer.ok) return answer;
    throw new MillraceError(
      asCode(answer.code),
      answer.message ?? `${type} of request "${group}" was refused`,
    );
  };

  const command = async (id: string, type: string): Promise<void> => {
    await send(id, type, {});
  };

  const request = (id: string): Request => ({
    id,
    status: () => reader.status(id),
    transitions: ({ signal } = {}) => transitions(options, id, signal),
    onStatus: (listener) => feed.subscribe(id, { onStatus: listener }),
    finished: () => until(options, id, ({ state }) => isTerminal(state)),
    settled: () =>
      until(
        options,
        id,
        ({ state, parked }) => isTerminal(state) || state === 'SUSPENDED' || parked !== undefined,
      ),
    stop: () => command(id, 'request.stop'),
    suspend: () => command(id, 'request.suspend'),
    resume: () => command(id, 'request.resume'),
    unpark: async ({ skip = false } = {}) => {
      const { stepped, skipped } = await send(id, 'group.unpark', { skip });
      return { stepped: Number(stepped), skipped: Number(skipped) };
    },
    events: (after) => reader.events(id, after),
  });

  return {
    reader,
    request,
    async start(chain, args, { requestId = newId(), user, labels } = {}) {
      checkRequestId(requestId);
      const plan = await options.plan(chain, args);
      await send(requestId, 'chain.create', { plan, requestType: chain.type, args, user, labels });
      return request(requestId);
    },
    async close() {
      const message = 'millrace was stopped before it answered; start it and ask again';
      for (const { reject } of waiting.values()) reject(new MillraceError('state', message));
      waiting.clear();
      feed.end();
      await channel.close();
    },
  };
}

/** It becomes part of message ids and keys, whose parts slashes separate. */
function checkRequestId(id: string): void {
  if (id !== '' && Buffer.byteLength(id) <= maxIdBytes && !/[\s/]/.test(id)) return;
  const rule = `must be 1 to ${maxIdBytes} bytes without blanks or slashes`;
  throw new MillraceError('plan', `the request id "${id.slice(0, 40)}" ${rule}; choose another`);
}

function asCode(code: string | undefined): ErrorCode {
  return code === 'not-found' || code === 'state' ? code : 'rejected';
}
