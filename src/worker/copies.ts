/** What a worker does with another copy of a start that it holds: an owner may have sent it anew, or the broker hands it over again. */
import type { AttemptStart } from '../protocol/attempts.ts';
import { isOurs } from './held.ts';
import type { Held } from './held.ts';
import type { Receipt } from './subscription.ts';

/**
 * `spare`: the one that is held is enough · `another`: it is run in its place, as another execution · `later`: it
 * is, should the group not let the held one run · `newer`: it stands for the held one, whose owner is not the last,
 * so that it counts no more · `stand-in`: it stands for the delivery that was lost.
 */
type Use = 'spare' | 'another' | 'later' | 'newer' | 'stand-in';

/** `isAsked`: its group is to say whether what is held may run. */
export function useOf(held: Held, copy: AttemptStart, isAsked: boolean): Use {
  if (held.isOver) return 'another';
  if (copy.replaces === held.executionId && (held.lease !== undefined || !isOurs(held)))
    return 'another';
  if (held.isAnswered || held.lease === 'held') return 'spare';
  if (!isOurs(held)) return 'stand-in';
  // A group that has given one copy out knows no other.
  if (held.isKnown || copy.claim <= (held.newer ?? held).start.claim) return 'spare';
  if (isAsked) return 'later';
  return held.execution === undefined && held.answer === undefined ? 'another' : 'newer';
}

/** From now on the copy is what is held. */
export function adoptCopy(held: Held, receipt: Receipt, { claim, replaces }: AttemptStart): void {
  const { replaces: _, ...start } = held.start;
  held.receipt = receipt;
  held.start = { ...start, claim, ...(replaces !== undefined && { replaces }) };
}
