/**
 * How a client reaches the host: what it asks for and what it hears. Here the link inside the host's own
 * process, over the broker like everyone's; `control/` has the one from another process.
 */
import { z } from 'zod';
import type { ChainDefinition } from './definitions.ts';
import { createRejectedQueue } from './gateway/rejectedQueue.ts';
import type { RejectedQueue } from './gateway/rejectedQueue.ts';
import type { Broker, Channel, Publication } from './ports/broker.ts';
import type { Clock } from './ports/clock.ts';
import type { Entry } from './ports/journal.ts';
import type { OutputSignal, StatusSignal } from './protocol/attempts.ts';
import { checkRequestId } from './protocol/requestId.ts';
import { MillraceError, toErrorCode } from './protocol/errors.ts';
import type { ErrorCode } from './protocol/errors.ts';
import { publicState } from './protocol/states.ts';
import { exchanges, ownQueueTopology, partitionKey, partitionOf } from './protocol/topology.ts';
import type { Reader } from './reader.ts';
import type { ActorEvent } from './runtime/actor.ts';
import type { Feed } from './runtime/feed.ts';
import type { Valve } from './runtime/valve.ts';

/** A request has got a new entry. */
export type Committed = {
  requestId: string;
  seq: number;
  /** Of the request, when this changed it: RUNNING, COMPLETE, … */
  state?: string;
  /** It was kept unstepped, and why. */
  parked?: string;
};

export type NewsListener = {
  onCommitted?(committed: Committed): void;
  /** What a running attempt says. */
  onStatus?(signal: StatusSignal): void;
  /** What a child process of an attempt prints. */
  onOutput?(signal: OutputSignal): void;
  /** Something may have been committed unheard. */
  onMissed?(): void;
  /** Nothing more will be heard; `why` when it is not that the host stopped. */
  onEnd?(why?: Error): void;
};

/** What is heard of one request, or of all; `subscribe` returns what ends it. */
export type News = { subscribe(id: string | undefined, listener: NewsListener): () => void };

export type StartOptions = {
  /** The request's id; starting one that exists changes nothing and answers with it. Default: a new one. */
  requestId?: string;
  user?: string;
  labels?: Readonly<Record<string, string>>;
};

/** A chain and its args, as JSON or as the texts of a command line. */
export type Asked = StartOptions & {
  chain: ChainDefinition | string;
  args?: unknown;
  /** In place of `args`: read as the JSON they spell where the chain wants no text. */
  texts?: Readonly<Record<string, string>>;
};

export type Command = 'request.stop' | 'request.suspend' | 'request.resume' | 'group.unpark';

export type SendOptions = {
  /** How long to wait for the answer, in milliseconds; default: for ever. */
  timeoutMs?: number;
  /** Names the message: the same one twice has one effect and the same answer. Default: a new one. */
  messageId?: string;
};

/** What a command was answered with, beside that it was taken. */
export type Answer = Readonly<Record<string, unknown>>;

export type CommandOptions = {
  skip?: boolean;
  /** Names the command: the same one twice has one effect. Default: a new one. */
  messageId?: string;
};

export type Link = {
  reader: Reader;
  news: News;
  /** Plans a chain and starts it; answers with the request's id once that is committed. */
  start(asked: Asked): Promise<string>;
  command(id: string, command: Command, options?: CommandOptions): Promise<Answer>;
  /** Sends an event to an actor, `group/kind/id`, and resolves with its reply. */
  send(address: string, event: ActorEvent, options?: SendOptions): Promise<unknown>;
  /** What an actor that the host knows answers to a question of its own. */
  query(address: string, name: string, args?: unknown): Promise<unknown>;
  rejected: RejectedQueue;
};

export type LinkOptions = {
  broker: Broker;
  clock: Clock;
  feed: Feed;
  reader: Reader;
  partitions: number;
  valve: Valve;
  newId(): string;
  /** The body of `chain.create` without the request's own fields. */
  plan(asked: Asked): Promise<object>;
};

const answerSchema = z.looseObject({});

/** What a host answers instead of doing what was asked. */
const refusalSchema = z.object({
  ok: z.literal(false),
  code: z.string().optional(),
  message: z.string().optional(),
});

/** Who waits for an answer. */
type Waiting = { resolve(reply: unknown): void; reject(reason: Error): void };

type ToSend = {
  type: string;
  /** Default: the chain. */
  to?: string;
  body: unknown;
  messageId?: string | undefined;
  timeoutMs?: number | undefined;
};

/** The link inside the host's process; `close` ends its reply queue. */
export async function openLink(options: LinkOptions): Promise<Link & { close(): Promise<void> }> {
  const { broker, clock, feed, reader, partitions, valve, newId } = options;
  const replyTo = `millrace.replies.${newId().slice(-8)}`;
  const waiting = new Map<string, Waiting>();
  await broker.declare(ownQueueTopology(exchanges.replies, replyTo, replyTo));
  const channel: Channel = await broker.consume(replyTo, {
    prefetch: 1000,
    onClosed: () => undefined,
    onDelivery: ({ tag, body, properties }) => {
      const { correlationId = '' } = properties;
      waiting.get(correlationId)?.resolve(JSON.parse(body));
      waiting.delete(correlationId);
      channel.ack(tag);
    },
  });

  const answerTo = (messageId: string, what: string, timeoutMs?: number): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const giveUp = (): void => {
        waiting.delete(messageId);
        const remedy = 'it was sent and may still be taken';
        reject(
          new MillraceError('unavailable', `${what} had no answer in ${timeoutMs} ms; ${remedy}`),
        );
      };
      const takeBack = timeoutMs === undefined ? undefined : clock.after(timeoutMs, giveUp);
      waiting.set(messageId, {
        resolve: (reply) => {
          takeBack?.();
          resolve(reply);
        },
        reject: (reason) => {
          takeBack?.();
          reject(reason);
        },
      });
    });

  const send = async (group: string, { type, ...message }: ToSend): Promise<unknown> => {
    const { to = 'chain/main', body, messageId = newId(), timeoutMs } = message;
    const what = `"${type}" for "${group}"`;
    const answered = answerTo(messageId, what, timeoutMs);
    const publication: Publication = {
      exchange: exchanges.partitions,
      routingKey: partitionKey(partitionOf(group, partitions)),
      properties: { messageId, type, timestamp: clock.now(), replyTo, headers: { group, to } },
      body: JSON.stringify(body),
    };
    const sent = broker.publish(publication).catch((cause: unknown) => {
      waiting.delete(messageId);
      throw cause;
    });
    const [reply] = await Promise.all([answered, sent]);
    const refusal = refusalSchema.safeParse(reply);
    if (!refusal.success) return reply;
    throw new MillraceError(codeOf(refusal.data), refusal.data.message ?? `${what} was refused`);
  };

  return {
    reader,
    rejected: createRejectedQueue(broker, clock),
    news: newsOf(feed),
    async start(asked) {
      const { requestId = newId(), user, labels } = asked;
      checkRequestId(requestId);
      await valve.pass(partitionOf(requestId, partitions), async () => {
        const body = { ...(await options.plan(asked)), user, labels };
        await send(requestId, { type: 'chain.create', body });
      });
      return requestId;
    },
    async command(id, type, { messageId, ...body } = {}) {
      return answerSchema.parse(await send(id, { type, messageId, body }));
    },
    async send(address, { type, ...body }, sendOptions) {
      const { group, to } = addressed(address);
      return send(group, { type, to, body, ...sendOptions });
    },
    query: (address, name, args) => reader.query(address, name, args),
    async close() {
      const message = 'millrace was stopped before it answered; start it and ask again';
      for (const { reject } of waiting.values()) reject(new MillraceError('unavailable', message));
      waiting.clear();
      feed.end();
      await channel.close();
    },
  };
}

/** A parked request keeps the command, and cannot take it now. */
function codeOf({ code }: { code?: string | undefined }): ErrorCode {
  return code === 'parked' ? 'state' : (toErrorCode(code) ?? 'rejected');
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

function committedOf({ group = '', seq, transitions, parked }: Entry): Committed {
  const move = transitions.findLast(({ actor }) => actor === 'chain/main');
  return {
    requestId: group,
    seq,
    ...(move !== undefined && { state: publicState(move.to) }),
    ...(parked !== undefined && { parked }),
  };
}

/** Parts of `group/kind/id`. Throws MillraceError `rejected`. */
function addressed(address: string): { group: string; to: string } {
  const [group = '', kind = '', id = '', ...more] = address.split('/');
  const isWhole = group !== '' && kind !== '' && id !== '' && more.length === 0;
  if (isWhole && !/\s/.test(address)) return { group, to: `${kind}/${id}` };
  throw new MillraceError('rejected', `"${address}" is no address of an actor: group/kind/id`);
}
