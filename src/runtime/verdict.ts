/** What becomes of a message: the ways in which `accept` and its parts can judge it. */
import { messageOf } from '../protocol/errors.ts';
import type { ActorEvent } from './actor.ts';
import type { Notice, Turned } from './group.ts';
import type { AttemptRow, Owed } from './obligations.ts';

export type Verdict =
  /**
   * `answered`: the attempt that it answers, which leaves room in that job's queue. `refused`: why it stepped
   * nobody; the entry keeps that.
   */
  | { verdict: 'accepted'; turned: Turned; answered?: AttemptRow; refused?: string }
  /** Done before: at most its reply is sent again. */
  | { verdict: 'duplicate'; notices: Notice[] }
  /** It changes nothing and makes the group say something again: acked, not journaled. */
  | { verdict: 'answered'; notices: Notice[]; owed: Owed[] }
  /** Nothing changed: acked, not journaled. */
  | { verdict: 'ignored' }
  /** Can never be accepted: set aside with the reason. */
  | { verdict: 'rejected'; reason: string; code: string }
  /** The group is owed this answer and cannot take it: it is kept for `unpark`. */
  | { verdict: 'parked'; reason: string; notices: Notice[] };

/** Whatever a turn throws at what the group is owed, a right program may take it later. */
export function orParked(to: string, event: ActorEvent, step: () => Verdict): Verdict {
  try {
    return step();
  } catch (thrown) {
    const reason = `${event.type} for ${to} threw: ${messageOf(thrown)}`;
    return { verdict: 'parked', reason, notices: [] };
  }
}
