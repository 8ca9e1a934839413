/** Releases a committed batch: sends what its turns added, answers who asked, sets aside what was refused. */
import type { Entry } from '../ports/journal.ts';
import type { Notice } from './group.ts';
import type { Committed } from './commit.ts';
import { timerFired } from './incoming.ts';
import { tellSenders } from './mail.ts';
import type { Ownership } from './ownership.ts';
import type { Runtime } from './runtime.ts';
import { answersTo, reject, sendAnswers, sendOwed } from './send.ts';
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
  await Promise.all(committed.map((item) => releaseOne(runtime, own, item)));
  await tellSenders(runtime, own, batch);
  const last = committed.findLast(({ entry }) => entry !== undefined)?.entry;
  if (last !== undefined) own.released = last.offset;
  for (const { message, entry } of committed) {
    if (message !== undefined && entry !== undefined) own.touched.add(message.group);
  }
  return { released: committed };
}

async function releaseOne(runtime: Runtime, own: Ownership, item: Turned): Promise<void> {
  const { judged, message } = item;
  switch (judged.verdict) {
    case 'accepted': {
      const { group, owed, notices } = judged.turned;
      await sendOwed(runtime, own, group, owed);
      await answer(runtime, item, notices);
      if (judged.answeredType !== undefined) await runtime.outlet.room(judged.answeredType);
      return;
    }
    case 'duplicate':
      if (message?.type === timerFired) await own.timers.forget(message);
      return answer(runtime, item, judged.notices);
    case 'answered':
      return sendOwed(runtime, own, judged.next.group, judged.owed);
    case 'ignored':
      return answer(runtime, item, []);
    case 'parked': {
      const problem = {
        ok: false,
        code: 'parked',
        message: `request "${message?.group ?? ''}" is parked: ${judged.reason}; this is kept for \`millrace unpark\``,
      };
      return answer(runtime, item, [{ kind: 'reply', data: problem }]);
    }
    case 'rejected':
      await answer(runtime, item, [
        { kind: 'reply', data: { ok: false, code: judged.code, message: judged.reason } },
      ]);
      if ('delivery' in item.arrival) {
        const { properties, body } = item.arrival.delivery;
        await reject(runtime, { ...properties, body }, judged.reason);
      }
  }
}

function answer(runtime: Runtime, item: Turned, notices: readonly Notice[]): Promise<void> {
  return sendAnswers(runtime, answersTo(sourceOf(item), notices));
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
