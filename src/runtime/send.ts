/**
 * From obligation to wire: a sender for each kind of obligation, and for notices. Normal release
 * sends what a turn added, recovery sends all that a group owes: both through the same table.
 */
import type { Publication } from '../ports/broker.ts';
import type { Entry } from '../ports/journal.ts';
import { rejectedQueue, exchanges, partitionKey } from '../protocol/topology.ts';
import type { Group, Notice } from './group.ts';
import { loadGroup } from './load.ts';
import { sendMessage } from './mail.ts';
import { rowKey } from './obligations.ts';
import type { AttemptRow, Owed } from './obligations.ts';
import type { Waiting } from './outlet.ts';
import type { Ownership } from './ownership.ts';
import { properties, publish } from './publish.ts';
import type { Runtime } from './runtime.ts';
import { valueAt } from './values.ts';

/** A one-way message, and where from: its id is the same however often it is sent. */
export type Answer = {
  messageId: string;
  publication: Pick<Publication, 'exchange' | 'routingKey' | 'body'>;
  type: string;
  correlationId?: string;
};

/** What is on its way to the broker: a batch's worth of it is awaited at once. */
export type Sending = Promise<unknown>[];

/** Sends what a group owes, in order; a start that finds no room joins `owing`. */
export async function sendOwed(
  runtime: Runtime,
  own: Ownership,
  group: Group,
  owed: readonly Owed[],
): Promise<void> {
  const sending: Sending = [];
  beginSending(runtime, own, { group, owed }, sending);
  await Promise.all(sending);
}

/** As `sendOwed`, but only begun: what is not done at once joins `sending`. */
export function beginSending(
  runtime: Runtime,
  own: Ownership,
  { group, owed }: { group: Group; owed: readonly Owed[] },
  sending: Sending,
): void {
  for (const item of owed) {
    const sent = send[item.kind](runtime, own, group, item as never);
    if (sent !== undefined) sending.push(sent);
  }
}

/** How each obligation is sent; to forget one does not compile. */
const send: {
  [K in Owed['kind']]: (
    runtime: Runtime,
    own: Ownership,
    group: Group,
    owed: Extract<Owed, { kind: K }>,
  ) => Promise<unknown> | undefined;
} = {
  start: (runtime, own, group, { row }) => {
    const publication = startMessage(runtime, own.partition, group, row);
    return runtime.outlet.start(row.job.type, publication, () => {
      own.owing.set(group.id, (own.owing.get(group.id) ?? 0) + 1);
      runtime.outlet.later(row.job.type, waitingStart(runtime, own, group.id, row));
    });
  },
  cancel: (runtime, _own, group, { row }) => {
    const startIds = [startIdOf(group.id, row)];
    return publish(runtime, {
      exchange: exchanges.control,
      routingKey: '',
      properties: properties(runtime, `${startIds[0] ?? ''}/cancel`, 'attempt.cancel'),
      body: JSON.stringify({ startIds }),
    });
  },
  timer: (_runtime, own, group, { timer }) => {
    own.timers.hold({ group: group.id, due: timer.due, seq: timer.seq, n: timer.n });
    return undefined;
  },
  message: sendMessage,
};

/** A start that found no room. Not made where the group is at hand: it would keep all of it in memory. */
function waitingStart(
  runtime: Runtime,
  own: Ownership,
  id: string,
  { actor, key, job: { attempt } }: AttemptRow,
): Waiting {
  return {
    async message() {
      const place = { partition: own.partition, id };
      const { group } = own.residents.get(id) ?? (await loadGroup(runtime, place));
      const owed = group.obligations.attempts.get(rowKey(actor, key));
      if (owed?.job.attempt !== attempt) return undefined;
      return startMessage(runtime, own.partition, group, owed);
    },
    done: () => paid(own, id),
  };
}

/** One start less that the group waits to send. */
function paid(own: Ownership, id: string): void {
  const left = (own.owing.get(id) ?? 1) - 1;
  if (left > 0) own.owing.set(id, left);
  else own.owing.delete(id);
}

/** `request/actor/key/attempt`: the same whenever the same attempt is sent. */
function startIdOf(group: string, row: AttemptRow): string {
  return `${group}/${row.actor}/${row.key}/${row.job.attempt}`;
}

function startMessage(
  runtime: Runtime,
  partition: number,
  group: Group,
  row: AttemptRow,
): Publication {
  const { job, actor, key } = row;
  const startId = startIdOf(group.id, row);
  const head = {
    startId,
    requestId: group.id,
    jobId: job.name ?? key,
    jobType: job.type,
    attempt: job.attempt,
    resumption: job.resumption ?? 0,
    ...(job.timeoutMs !== undefined && { timeoutMs: job.timeoutMs }),
    answer: { group: group.id, to: actor, key, routingKey: partitionKey(partition) },
    args: job.args ?? null,
  };
  // The user's texts are joined as they are: nothing of them is parsed on the way.
  const data = (job.data ?? []).map((number) => valueAt(group.values, number));
  const results = Object.entries(job.results ?? {}).map(([type, numbers]) => {
    const texts = numbers.map((number) =>
      number === null ? 'null' : valueAt(group.values, number),
    );
    return `${JSON.stringify(type)}:[${texts.join(',')}]`;
  });
  const body = `${JSON.stringify(head).slice(0, -1)},"data":[${data.join(',')}],"results":{${results.join(',')}}}`;
  return {
    exchange: exchanges.jobs,
    routingKey: job.type,
    properties: properties(runtime, startId, 'attempt.start'),
    body,
  };
}

const none: readonly Answer[] = [];

/** What an entry's notices become; a command that asked for an answer and got none of its own is told that it was taken. */
export function answersTo(
  entry: Pick<Entry, 'group' | 'seq' | 'meta'>,
  notices: readonly Notice[],
): readonly Answer[] {
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

function answer(
  { group, seq, meta }: Pick<Entry, 'group' | 'seq' | 'meta'>,
  notice: Notice,
  n: number,
): Answer[] {
  const messageId = `${group ?? ''}/${seq}/${n}`;
  if (notice.kind === 'exchange') {
    const { exchange, routingKey, body } = notice;
    return [
      {
        messageId,
        type: 'notice',
        publication: { exchange, routingKey, body: JSON.stringify(body) },
      },
    ];
  }
  if (notice.kind !== 'reply') return [];
  const queue = notice.to?.queue ?? meta?.replyTo;
  if (queue === undefined) return [];
  const correlationId = notice.to?.correlationId ?? meta?.correlationId ?? meta?.messageId;
  return [
    {
      messageId,
      type: 'reply',
      ...(correlationId !== undefined && { correlationId }),
      publication: { exchange: '', routingKey: queue, body: JSON.stringify(notice.data) },
    },
  ];
}

/** Sends notices; one that no queue takes goes to rejected, and release goes on. */
export async function sendAnswers(runtime: Runtime, answers: readonly Answer[]): Promise<void> {
  await Promise.all(
    answers.map(async ({ messageId, type, correlationId, publication }) => {
      const sent = await publish(runtime, {
        ...publication,
        properties: {
          ...properties(runtime, messageId, type),
          ...(correlationId !== undefined && { correlationId }),
        },
      });
      // Nobody waits for a reply any more when its queue is gone.
      if (sent === 'returned' && type !== 'reply') {
        const target = `${publication.exchange}/${publication.routingKey}`;
        await reject(
          runtime,
          { messageId, type, body: publication.body },
          `no queue is bound to ${target}`,
        );
      }
    }),
  );
}

/** Sets a message aside with its reason, where a person can look at it. */
export async function reject(
  runtime: Runtime,
  message: {
    messageId: string;
    type: string;
    body: string;
    headers?: Readonly<Record<string, string>>;
  },
  reason: string,
): Promise<void> {
  const headers = { ...message.headers, reason };
  await publish(runtime, {
    exchange: '',
    routingKey: rejectedQueue,
    properties: { ...properties(runtime, message.messageId, message.type), headers },
    body: message.body,
  });
}
