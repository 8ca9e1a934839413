/**
 * What is said of attempts and decided from memory, before a turn: it changes nothing and is not journaled, so
 * that it may depend on what this ownership alone knows (architecture, section 8; I4).
 */
import type { AttemptVerdict } from '../../protocol/attempts.ts';
import { leaseCheck, timerFired } from '../incoming.ts';
import type { Incoming } from '../incoming.ts';
import type { HeldTimer } from '../obligations.ts';
import type { Ownership } from '../ownership.ts';
import type { Judged, Resident } from '../parking.ts';
import type { Verdict } from '../verdict.ts';
import { isCopyOf, isLeased } from './holder.ts';
import { startIdOf } from '../startId.ts';
import { awaited, leaseDue, watchOf } from './rows.ts';

type Body = {
  key: string;
  attempt: number;
  executionId: string;
  claim?: number;
  replaces?: string;
  isGone?: boolean;
  seq?: number;
  n?: number;
};

/** Undefined when the message is to be judged. */
export function beforeTurn(
  own: Ownership,
  resident: Resident,
  message: Incoming,
  now: number,
): Judged | undefined {
  const decide = deciding.get(message.type);
  if (decide === undefined) return undefined;
  const body = bodyOf(message);
  const verdict = body && decide({ own, now, resident, message, body });
  return verdict && { ...verdict, next: resident };
}

type Given = { own: Ownership; now: number; resident: Resident; message: Incoming; body: Body };

const deciding = new Map<string, (given: Given) => Verdict | undefined>([
  ['attempt.confirm', confirming],
  ['attempt.fetch', ({ resident, body }) => (isParked(resident) ? dropped(body) : undefined)],
  ['attempt.lease', leasing],
  [leaseCheck, checking],
  [timerFired, firing],
]);

/** A parked group lets nothing run; what this owner has sent anew is not run in an older copy. */
function confirming({ own, resident, message, body }: Given): Verdict | undefined {
  if (isParked(resident)) return dropped(body);
  const isOlder = (body.claim ?? 0) < own.claim;
  const row = awaited(resident.group.obligations, { actor: message.to, ...body });
  if (!isOlder || row === undefined || isCopyOf(row, body)) return undefined;
  return own.attempts.wasSentAnew(startIdOf(resident.group.id, row)) ? dropped(body) : undefined;
}

/** A parked group keeps the first word of a lease, for when it is stepped. */
function leasing({ own, resident, message, body }: Given): Verdict | undefined {
  own.attempts.heard(body.executionId);
  if (!isParked(resident)) return undefined;
  const row = awaited(resident.group.obligations, { actor: message.to, ...body });
  if (row === undefined) return dropped(body);
  if (isLeased(row) && row.holder?.execution === body.executionId) return silent;
  const isKept = resident.kept.some(
    ({ type, to, body: text }) =>
      type === message.type && to === message.to && text === message.body,
  );
  return isKept ? silent : undefined;
}

/** Renewed meanwhile, or nobody could have heard of it: looked at again when the lease would be over. */
function checking({ own, now, resident, message, body }: Given): Verdict | undefined {
  if (body.isGone === true) return isParked(resident) ? silent : undefined;
  const row = awaited(resident.group.obligations, { actor: message.to, ...body });
  const timer = row && watchOf(resident.group.obligations, row);
  if (timer === undefined) return undefined;
  const due = own.attempts.goodUntil(body.executionId);
  if (isParked(resident)) return heldOn({ own, resident, timer, due: own.attempts.fullPeriod() });
  return due <= now ? undefined : heldOn({ own, resident, timer, due });
}

/** Leases of a parked group are not looked after; its other timers are kept like any message. */
function firing({ own, resident, body }: Given): Verdict | undefined {
  if (!isParked(resident)) return undefined;
  const { timers } = resident.group.obligations;
  for (const timer of timers.values()) {
    if (timer.event.type !== leaseDue || timer.seq !== body.seq || timer.n !== body.n) continue;
    return heldOn({ own, resident, timer, due: own.attempts.fullPeriod() });
  }
  return undefined;
}

function heldOn({
  own,
  resident,
  timer: { seq, n },
  due,
}: {
  own: Ownership;
  resident: Resident;
  timer: HeldTimer;
  due: number;
}): Verdict {
  own.timers.hold({ group: resident.group.id, due, seq, n });
  return { verdict: 'ignored' };
}

/** The attempt is answered: nothing need be remembered of it. */
export function afterTurn(own: Ownership, judged: Verdict & { verdict: 'accepted' }): void {
  const { answered, turned } = judged;
  if (answered === undefined || own.attempts.isBlank) return;
  own.attempts.answered(startIdOf(turned.group.id, answered));
}

const silent: Verdict = { verdict: 'answered', notices: [], owed: [] };

function dropped({ executionId, claim }: Body): Verdict {
  const body: AttemptVerdict = {
    executionId,
    ...(claim !== undefined && { claim }),
    verdict: 'drop',
  };
  return {
    verdict: 'answered',
    notices: [{ kind: 'worker', type: 'attempt.verdict', body }],
    owed: [],
  };
}

function isParked({ parked }: Resident): boolean {
  return parked !== undefined;
}

/** Undefined for what is no JSON object, or has a field of another type: it is refused when it is judged. */
function bodyOf({ body = '' }: Incoming): Body | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && isBody(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const fields = {
  ...{ key: 'string', attempt: 'number', executionId: 'string', claim: 'number' },
  ...{ replaces: 'string', isGone: 'boolean', seq: 'number', n: 'number' },
} as const satisfies Record<keyof Body, string>;

function isBody(parsed: object): parsed is Body {
  return Object.entries(parsed).every(
    ([name, value]) => !Object.hasOwn(fields, name) || typeof value === typeOf(name),
  );
}

function typeOf(name: string): string {
  return fields[name as keyof Body];
}
