/**
 * From obligation to wire: a sender for each kind of obligation. Normal release sends what a turn added,
 * recovery sends all that a group owes: both through the same table. Notices are in answers.ts.
 */
import { exchanges } from '../protocol/topology.ts';
import { checkMessage, gone } from './attempts/leaseCheck.ts';
import { startMessage } from './attempts/start.ts';
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
  sendCancels(runtime, own, { group, owed }, sending);
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
    if (own.roll.isCalling && own.roll.takesCareOf(startIdOf(group.id, row))) return undefined;
    const publication = startMessage(runtime, own, group, row);
    return runtime.outlet.start(row.job.type, publication, () => {
      own.owing.set(group.id, (own.owing.get(group.id) ?? 0) + 1);
      runtime.outlet.later(row.job.type, waitingStart(runtime, own, group.id, row));
    });
  },
  // All of them in one message, by then.
  cancel: () => undefined,
  timer: (_runtime, own, group, { timer }) => {
    own.timers.hold({ group: group.id, due: timer.due, seq: timer.seq, n: timer.n });
    return undefined;
  },
  lease: (_runtime, own, group, { row }) => {
    if (own.roll.isCalling && own.roll.isNobodyLeft) own.mailbox.push({ own: gone(group, row) });
    return undefined;
  },
  check: (runtime, own, group, { row, timer: { seq, n } }) => {
    const due = own.attempts.goodUntil(row.holder?.execution ?? '');
    if (due <= runtime.clock.now()) return publish(runtime, checkMessage(runtime, own, group, row));
    own.timers.hold({ group: group.id, due, seq, n });
    return undefined;
  },
  message: sendMessage,
};

/** Tells all workers at once, and those that come later, which attempts are to stop. */
function sendCancels(
  runtime: Runtime,
  own: Ownership,
  { group, owed }: { group: Group; owed: readonly Owed[] },
  sending: Sending,
): void {
  const startIds: string[] = [];
  for (const item of owed) if (item.kind === 'cancel') startIds.push(startIdOf(group.id, item.row));
  if (startIds.length === 0) return;
  for (const startId of startIds) own.attempts.cancelled(startId);
  sending.push(
    publish(runtime, {
      exchange: exchanges.control,
      routingKey: '',
      properties: properties(runtime, `${startIds[0] ?? ''}/cancel`, 'attempt.cancel'),
      body: JSON.stringify({ startIds }),
    }),
  );
}

/** A start that found no room. Not made where the group is at hand: it would keep all of it in memory. */
function waitingStart(
  runtime: Runtime,
  own: Ownership,
  id: string,
  { actor, key, job: { attempt } }: AttemptRow,
): Waiting {
  return {
    async message() {
      if (own.hasEnded) return undefined;
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
