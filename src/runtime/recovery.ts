/**
 * What a new owner does for the groups of its partition: loads each and sends all that it owes. The entries
 * that were not released have been read already, so a group that lies in them whole costs no query.
 */
import type { Entry } from '../ports/journal.ts';
import { TransientError } from '../protocol/errors.ts';
import { answersTo, sendAnswers } from './answers.ts';
import type { Answer } from './answers.ts';
import { isBusy } from './attempts/rows.ts';
import type { Group } from './group.ts';
import { loadGroup } from './load.ts';
import type { LoadOptions } from './load.ts';
import { nextTurn } from './nextTurn.ts';
import { owedNow, owesNothing } from './obligations.ts';
import type { Ownership } from './ownership.ts';
import type { Runtime } from './runtime.ts';
import { sendOwed } from './send.ts';

/** After so many groups everybody else gets a turn of the event loop: other partitions are at work. */
const groupsInARow = 64;

/** Attempts that are to stop are told again, and get a full period again: they could not answer while nobody was there. */
const stopAgainMs = 10_000;

/** A group that may owe something; `snapshot` is the seq of its newest, 0 for none, if that is known. */
export type Active = { group: string; snapshot?: number };

/** Recovers the groups of the unreleased entries, and `active` ones. Rejects when the host stops meanwhile. */
export async function recover(
  runtime: Runtime,
  own: Ownership,
  { unreleased, active }: { unreleased: readonly Entry[]; active: AsyncIterable<Active> },
): Promise<void> {
  const groups = new Map<string, Known>();
  for (const { group } of unreleased)
    if (group !== undefined) groups.set(group, { isUnreleased: true });
  for await (const { group, snapshot } of active) {
    groups.set(group, { ...groups.get(group), ...(snapshot === 0 && { snapshot }) });
  }
  runtime.valve.recount(own.partition);
  let recovered = 0;
  for (const [id, known] of groups) {
    await recoverGroup(runtime, own, id, known);
    recovered += 1;
    if (recovered % groupsInARow === 0) await nextTurn();
    if (runtime.stopping.signal.aborted) {
      throw new TransientError('the host stops, or has lost the partition');
    }
  }
}

/** What need not be asked of the store; whether there are entries that the stored rows may not know of. */
type Known = Pick<LoadOptions, 'snapshot'> & { isUnreleased?: boolean };

/** Loads a group and sends all it owes, and the notices of what was not released. */
async function recoverGroup(
  runtime: Runtime,
  own: Ownership,
  id: string,
  { isUnreleased = false, ...known }: Known,
): Promise<void> {
  const answers: Answer[] = [];
  const place = { partition: own.partition, id };
  const resident = await loadGroup(runtime, place, {
    ...known,
    ...own.recent.take(id),
    onNotices: (entry, notices) => {
      if (entry.offset > own.released) answers.push(...answersTo(entry, notices));
    },
  });
  const { group, parked } = resident;
  const { obligations } = group;
  own.residents.set(id, resident);
  runtime.memory.note(own, group);
  runtime.valve.note(own.partition, id, isBusy(obligations));
  const isStored = !isUnreleased && obligations.timers.size === 0 && !owesNothing(obligations);
  if (!isStored) own.touched.set(id, resident);
  if (parked !== undefined) {
    runtime.log.error({ request: id, reason: parked }, 'parked');
    return;
  }
  await sendAnswers(runtime, answers);
  if (obligations.attempts.size > 0) await own.roll.called;
  holdDeadlines(own, group, runtime.clock.now() + stopAgainMs);
  await sendOwed(runtime, own, group, owedNow(obligations));
}

/** Timers of a group that waits for cancelled attempts fire no earlier than `least`; held first, they stay so. */
function holdDeadlines({ timers }: Ownership, { id, obligations }: Group, least: number): void {
  if (![...obligations.attempts.values()].some(({ cancelled }) => cancelled)) return;
  for (const { due, seq, n } of obligations.timers.values()) {
    timers.hold({ group: id, due: Math.max(due, least), seq, n });
  }
}
