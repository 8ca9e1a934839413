/** What an owner does about messages that are for it and for no group; `toOwner.ts` sends them. */
import { z } from 'zod';
import { partitionReconcile, queueEmpty } from '../protocol/forOwner.ts';
import type { Incoming } from './incoming.ts';
import { hasLost } from './lostStarts.ts';
import type { Ownership } from './ownership.ts';
import type { Runtime } from './runtime.ts';
import { answersTo, sendAnswers } from './answers.ts';

/** Body of `queue.empty`. */
const queueEmptySchema = z.object({
  jobType: z.string(),
  /** Of the ownership that looked; absent when the queue was gone, and with it all that was in it. */
  token: z.string().optional(),
});

/** Does it, and answers whoever asked. */
export async function carryOut(runtime: Runtime, own: Ownership, message: Incoming): Promise<void> {
  if (message.type === partitionReconcile) own.reconcile();
  if (message.type === queueEmpty && (await isLoss(runtime, own, message))) own.reconcile();
  const data = { ok: true, partition: own.partition };
  const entry = { group: `${message.type}/${own.partition}`, seq: 0, meta: message.meta };
  if (message.meta.replyTo === undefined) return;
  await sendAnswers(runtime, answersTo(entry, [{ kind: 'reply', data }]));
}

/** What does not fit is somebody else's, and changes nothing. */
async function isLoss(runtime: Runtime, own: Ownership, { body }: Incoming): Promise<boolean> {
  const empty = queueEmptySchema.safeParse(JSON.parse(body ?? '{}'));
  if (!empty.success) return false;
  const isFound = await hasLost(runtime, own, empty.data);
  const { jobType } = empty.data;
  if (isFound) {
    const { partition } = own;
    runtime.log.warn({ partition, jobType }, 'starts are gone from their queue; sending again');
  }
  return isFound;
}
