/**
 * Notices on the wire: replies, messages to the world, and what is set aside with its reason. They follow
 * from an entry, so that each has the same message id however often it is sent.
 */
import type { Publication } from '../ports/broker.ts';
import type { Entry } from '../ports/journal.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { rejection } from '../protocol/rejected.ts';
import { exchanges, partitionKey, partitionOf } from '../protocol/topology.ts';
import type { Notice } from './group.ts';
import { isAnswer as isOfAttempt } from './incoming.ts';
import { properties, publish } from './publish.ts';
import type { Runtime } from './runtime.ts';

type Aside = Extract<Notice, { kind: 'aside' }>;

/** A one-way message, of the group that says it. */
export type Answer = { messageId: string; group: string } & (
  | {
      publication: Pick<Publication, 'exchange' | 'routingKey' | 'body'>;
      type: string;
      correlationId?: string;
    }
  | { aside: Aside }
);

/** Of an entry, or of a message that got none. */
type Source = Pick<Entry, 'group' | 'seq' | 'meta'>;

const none: readonly Answer[] = [];

/** What an entry's notices become; a command that asked for an answer and got none of its own is told that it was taken. */
export function answersTo(entry: Source, notices: readonly Notice[]): readonly Answer[] {
  if (notices.length === 0 && entry.meta?.replyTo === undefined) return none;
  const isAnswered = notices.some(isAnswer);
  const all: readonly Notice[] = isAnswered
    ? notices
    : [...notices, { kind: 'reply', data: { ok: true } }];
  return all.flatMap((notice, n) => answer(entry, notice, n));
}

/** Now, or later. */
function isAnswer(notice: Notice): boolean {
  return notice.kind === 'later' || (notice.kind === 'reply' && notice.to === undefined);
}

function answer({ group = '', seq, meta }: Source, notice: Notice, n: number): Answer[] {
  const head = { messageId: `${group}/${seq}/${n}`, group };
  switch (notice.kind) {
    case 'exchange': {
      const { exchange, routingKey, body } = notice;
      const publication = { exchange, routingKey, body: JSON.stringify(body) };
      return [{ ...head, type: 'notice', publication }];
    }
    case 'aside':
      return [{ ...head, aside: notice }];
    case 'reply': {
      const queue = notice.to?.queue ?? meta?.replyTo;
      if (queue === undefined) return [];
      const correlationId = notice.to?.correlationId ?? meta?.correlationId ?? meta?.messageId;
      return [
        {
          ...head,
          type: 'reply',
          ...(correlationId !== undefined && { correlationId }),
          publication: { exchange: '', routingKey: queue, body: JSON.stringify(notice.data) },
        },
      ];
    }
    case 'later':
    case 'tell':
    case 'worker':
      return [];
  }
}

/** Sends notices; one that no queue takes goes to rejected, and release goes on. */
export async function sendAnswers(runtime: Runtime, answers: readonly Answer[]): Promise<void> {
  await Promise.all(
    answers.map((each) => ('aside' in each ? setAside(runtime, each) : send(runtime, each))),
  );
}

async function send(
  runtime: Runtime,
  { messageId, group, type, correlationId, publication }: Extract<Answer, { type: string }>,
): Promise<void> {
  const sending: Publication = {
    ...publication,
    properties: {
      ...properties(runtime, messageId, type),
      ...(correlationId !== undefined && { correlationId }),
      // A publisher that let the gateway name its request learns the name here.
      ...(type === 'reply' && group !== '' && { headers: { group } }),
    },
  };
  const sent = await publish(runtime, sending);
  // Nobody waits for a reply any more when its queue is gone.
  if (sent === 'confirmed' || type === 'reply') return;
  const target = `${publication.exchange}/${publication.routingKey}`;
  await reject(runtime, sending, { code: 'rejected', reason: `no queue is bound to ${target}` });
}

/** A journaled message that its group can never step. */
async function setAside(
  runtime: Runtime,
  { messageId, group, aside }: Extract<Answer, { aside: Aside }>,
): Promise<void> {
  const { type, to, from, body, reason } = aside;
  const sent = {
    exchange: isOfAttempt(type) ? exchanges.results : exchanges.partitions,
    routingKey: partitionKey(partitionOf(group, runtime.store.partitions)),
    properties: {
      ...properties(runtime, messageId, type),
      headers: { group, to, ...(from !== undefined && { from }) },
    },
    body,
  };
  await reject(runtime, sent, { code: 'rejected', reason });
}

/** Sets a message aside with its reason, where a person can look at it. */
export async function reject(
  runtime: Runtime,
  message: Publication,
  why: { code: ErrorCode; reason: string },
): Promise<void> {
  await publish(runtime, rejection(message, { ...why, at: runtime.clock.now() }));
}
