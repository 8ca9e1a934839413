/** Releases a committed batch: sends what its turns added, answers who asked, sets aside what was refused. */
import type { Entry } from '../ports/journal.ts';
import { toErrorCode } from '../protocol/errors.ts';
import { answersTo, reject, sendAnswers } from './answers.ts';
import { tellWorker } from './attempts/tellWorker.ts';
import type { Notice } from './group.ts';
import type { Committed } from './commit.ts';
import { carryOut } from './forOwner.ts';
import { isForOwner } from '../protocol/forOwner.ts';
import { timerFired } from './incoming.ts';
import { tellSenders } from './mail.ts';
import { slices } from './nextTurn.ts';
import type { AttemptRow } from './obligations.ts';
import type { Ownership } from './ownership.ts';
import type { Runtime } from './runtime.ts';
import { beginSending, sendOwed } from './send.ts';
import type { Sending } from './send.ts';
import { startIdOf } from './startId.ts';
import type { Turned } from './turns.ts';

/** Everything it asked for has been sent. Only `release` makes one. */
export type Released = { readonly released: readonly Turned[] };

/** Sends, in order, what the batch asks for; resolves when the broker has it. */
export async function release(
  runtime: Runtime,
  own: Ownership,
  batch: Committed,
): Promise<Released> {
  const { committed } = batch;
  const sending: Sending = [];
  const breathe = slices(runtime.clock);
  for (const item of committed) {
    releaseOne(runtime, own, item, sending);
    const others = breathe();
    if (others !== undefined) await others;
  }
  tellSenders(runtime, own, batch, sending);
  await Promise.all(sending);
  for (const { entry, standing } of committed) {
    if (entry === undefined || standing === undefined) continue;
    own.released = entry.offset;
    own.touched.set(standing.resident.group.id, standing.resident);
  }
  return { released: committed };
}

function releaseOne(runtime: Runtime, own: Ownership, item: Turned, sending: Sending): void {
  const { judged, message } = item;
  switch (judged.verdict) {
    case 'accepted': {
      const { owed, notices, answered } = judged;
      const { standing } = item;
      if (owed.length > 0 && standing !== undefined)
        beginSending(runtime, own, { group: standing.resident.group, owed }, sending);
      answer(runtime, item, notices, sending);
      tellWorker(runtime, message, notices, sending);
      if (answered !== undefined) makeRoom(runtime, message?.group ?? '', answered, sending);
      return;
    }
    case 'duplicate':
      if (message?.type === timerFired) {
        sending.push(own.timers.forget(message, judged.next.group.seq));
      }
      answer(runtime, item, judged.notices, sending);
      return;
    case 'answered':
      tellWorker(runtime, message, judged.notices, sending);
      sending.push(sendOwed(runtime, own, judged.next.group, judged.owed));
      return;
    case 'ignored':
      if (message !== undefined && isForOwner(message.type)) {
        sending.push(carryOut(runtime, own, message));
        return;
      }
      answer(runtime, item, [], sending);
      return;
    case 'parked': {
      if (judged.next.kept.length === 0)
        runtime.log.error({ request: message?.group, reason: judged.reason }, 'parked');
      const problem = {
        ok: false,
        code: 'parked',
        message: `request "${message?.group ?? ''}" is parked: ${judged.reason}; this is kept for \`millrace unpark\``,
      };
      answer(runtime, item, [{ kind: 'reply', data: problem }], sending);
      return;
    }
    case 'rejected':
      sending.push(refuse(runtime, item, judged));
  }
}

/** Where an attempt was answered another may begin. */
function makeRoom(runtime: Runtime, group: string, row: AttemptRow, sending: Sending): void {
  const filling = runtime.outlet.answered(row.job.type, startIdOf(group, row));
  if (filling !== undefined) sending.push(filling);
}

/** Tells whoever asked, and sets the message aside. */
async function refuse(
  runtime: Runtime,
  item: Turned,
  { code, reason }: { code: string; reason: string },
): Promise<void> {
  const told: Sending = [];
  answer(runtime, item, [{ kind: 'reply', data: { ok: false, code, message: reason } }], told);
  await Promise.all(told);
  if (!('delivery' in item.arrival)) return;
  await reject(runtime, item.arrival.delivery, { code: toErrorCode(code) ?? 'rejected', reason });
}

function answer(
  runtime: Runtime,
  item: Turned,
  notices: readonly Notice[],
  sending: Sending,
): void {
  const answers = answersTo(sourceOf(item), notices);
  if (answers.length > 0) sending.push(sendAnswers(runtime, answers));
}

/** Who is answered: also the sender of a message that could not even be decoded. */
function sourceOf({ arrival, message, entry }: Turned): Pick<Entry, 'group' | 'seq' | 'meta'> {
  if (entry !== undefined) return entry;
  if (message !== undefined) return { group: message.group, seq: 0, meta: message.meta };
  if (!('delivery' in arrival)) return { seq: 0 };
  const { messageId, correlationId, replyTo } = arrival.delivery.properties;
  const meta = {
    messageId,
    ...(correlationId !== undefined && { correlationId }),
    ...(replyTo !== undefined && { replyTo }),
  };
  return { group: messageId, seq: 0, meta };
}
