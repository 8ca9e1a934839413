/**
 * From obligation to wire: a sender for each kind of obligation. Normal release sends what a turn added,
 * recovery sends all that a group owes: both through the same table. Notices are in answers.ts.
 */
import type { Publication } from '../ports/broker.ts';
import { exchanges, partitionKey } from '../protocol/topology.ts';
import type { Group } from './group.ts';
import { loadGroup } from './load.ts';
import { sendMessage } from './mail.ts';
import { rowKey } from './obligations.ts';
import type { AttemptRow, Owed } from './obligations.ts';
import type { Waiting } from './outlet.ts';
import type { Ownership } from './ownership.ts';
import { properties, publish } from './publish.ts';
import { startIdOf } from './startId.ts';
import type { Runtime } from './runtime.ts';
import { valueAt } from './values.ts';

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
    own.starts.note(row.job.type, startIdOf(group.id, row));
    const publication = startMessage(runtime, own, group, row);
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
      if (own.lost.aborted) return undefined;
      const place = { partition: own.partition, id };
      const { group } = own.residents.get(id) ?? (await loadGroup(runtime, place));
      const owed = group.obligations.attempts.get(rowKey(actor, key));
      if (owed?.job.attempt !== attempt) return undefined;
      return startMessage(runtime, own, group, owed);
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

function startMessage(
  runtime: Runtime,
  { partition, claim }: Ownership,
  group: Group,
  row: AttemptRow,
): Publication {
  const { job, actor, key } = row;
  const startId = startIdOf(group.id, row);
  const head = {
    startId,
    claim,
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
