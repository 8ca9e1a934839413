/**
 * Judges a message for a group as it stands in memory: stepped, or, while the group is parked, kept
 * (architecture, section 13). Recovery steps the journal's entries through the same function.
 */
import type { Entry, Transition } from '../ports/journal.ts';
import type { TimerRow } from '../ports/timers.ts';
import { groupUnpark, groupUnparkSchema } from '../protocol/commands.ts';
import { accept } from './accept.ts';
import { journaled, sentOf, unlessKept } from './acceptOutbox.ts';
import type { Verdict } from './verdict.ts';
import type { Group, Notice, Turned } from './group.ts';
import { incomingOf, isBetweenGroups } from './incoming.ts';
import type { Incoming } from './incoming.ts';
import { owedNow } from './obligations.ts';
import type { Registry } from './registry.ts';

/** A group in an ownership's memory. */
export type Resident = {
  group: Group;
  /** Why it is parked. */
  parked?: string;
  /** It could not be loaded: `group` is as far as its journal could be followed. */
  isBroken?: boolean;
  /** Entries kept for `unpark`, with their bodies. */
  kept: readonly Entry[];
  /** Of its newest entry. */
  offset: number;
  /** Of its newest snapshot; 0 for none. */
  snapshotSeq: number;
  /** Its rows in the timer index, by `seq/n`, as far as this ownership has written them. */
  timerRows: ReadonlyMap<string, TimerRow>;
};

/** A verdict, and the group once it stands. */
export type Judged = Verdict & { next: Resident };

/** The resident that the verdict leaves behind; nothing is changed in place. */
export function judge(
  registry: Registry,
  resident: Resident,
  message: Incoming,
  at: number,
): Judged {
  if (message.type === groupUnpark) return unpark(registry, resident, message, at);
  if (resident.parked !== undefined) return judgeParked(resident, resident.parked, message);
  const verdict = accept(registry, resident.group, message, at);
  if (verdict.verdict === 'accepted') {
    const next = Object.assign({}, resident, { group: verdict.turned.group });
    return { next, ...verdict };
  }
  if (verdict.verdict === 'parked')
    return { next: { ...resident, parked: verdict.reason }, ...verdict };
  return { next: resident, ...verdict };
}

/** Kept for later; what comes from another group only once and in its order, for that group hears that it was. */
function judgeParked(resident: Resident, reason: string, message: Incoming): Judged {
  const { group, kept } = resident;
  const verdict = isBetweenGroups(message) ? unlessKept(group, message, kept) : undefined;
  if (verdict !== undefined) return { ...verdict, next: resident };
  const notices = message.meta.place === undefined ? [] : [journaled(group.id, sentOf(message))];
  return { verdict: 'parked', reason, notices, next: resident };
}

/** The resident after an entry that was kept unstepped; `body` is what its blob holds. */
export function keep(resident: Resident, entry: Entry, body: string | undefined): Resident {
  const whole = body === undefined ? entry : { ...entry, body };
  return {
    ...resident,
    group: { ...resident.group, seq: entry.seq, at: entry.at },
    parked: entry.parked ?? 'parked',
    kept: [...resident.kept, whole],
  };
}

type Stepping = { group: Group; transitions: Transition[]; notices: Notice[]; skipped: number };

function unpark(registry: Registry, resident: Resident, message: Incoming, at: number): Judged {
  const { parked, isBroken, kept } = resident;
  if (isBroken === true)
    return { verdict: 'rejected', code: 'state', reason: parked ?? '', next: resident };
  if (parked === undefined) {
    const reason = `request "${resident.group.id}" is not parked`;
    return { verdict: 'rejected', code: 'state', reason, next: resident };
  }
  const options = unparkOptions(message);
  if (options === undefined) {
    const reason = `the body of "${groupUnpark}" must be {} or {"skip":true}`;
    return { verdict: 'rejected', code: 'rejected', reason, next: resident };
  }
  const stepped = stepKept(registry, resident, options, at);
  if ('problem' in stepped) {
    return { verdict: 'rejected', code: 'state', reason: stepped.problem, next: resident };
  }
  const { transitions, notices, skipped } = stepped;
  const group: Group = { ...stepped.group, seq: resident.group.seq + 1, at };
  const answer = { ok: true, stepped: kept.length - skipped, skipped };
  const turned = {
    group,
    transitions,
    // What was owed when it was parked has had no answer since: send all of it.
    owed: owedNow(group.obligations),
    notices: [...notices, { kind: 'reply', data: answer } as const],
    isIgnored: false,
  };
  const { parked: _, ...rest } = resident;
  return { verdict: 'accepted', turned, next: { ...rest, group, kept: [] } };
}

/** Steps what was kept, in order; `skip` sets the first that throws aside, a second one is a problem. */
function stepKept(
  registry: Registry,
  { group, kept }: Resident,
  { skip }: { skip: boolean },
  at: number,
): Stepping | { problem: string } {
  const stepping: Stepping = { group, transitions: [], notices: [], skipped: 0 };
  let maySkip = skip;
  for (const entry of kept) {
    const before: Group = { ...stepping.group, seq: entry.seq - 1 };
    const verdict = accept(registry, before, incomingOf(entry), at);
    if (verdict.verdict === 'accepted') add(stepping, verdict.turned);
    if (verdict.verdict !== 'parked' && verdict.verdict !== 'rejected') continue;
    // A command that does not fit would have been set aside anyway; only what is owed holds the rest up.
    if (verdict.verdict === 'parked') {
      if (!maySkip)
        return { problem: `entry ${entry.seq} still cannot be stepped: ${verdict.reason}` };
      maySkip = false;
    }
    stepping.skipped += 1;
    stepping.notices.push(setAside(entry, verdict.reason));
  }
  return stepping;
}

/** Undefined when the body is not one of an unpark. */
function unparkOptions({ body }: Incoming): { skip: boolean } | undefined {
  try {
    return groupUnparkSchema.parse(JSON.parse(body ?? '{}'));
  } catch {
    return undefined;
  }
}

/** What cannot be stepped goes where a person can look at it. */
function setAside({ type, to = '', meta, body = '' }: Entry, reason: string): Notice {
  const from = meta?.from;
  return { kind: 'aside', type, to, ...(from !== undefined && { from }), body, reason };
}

function add(stepping: Stepping, turned: Turned): void {
  stepping.group = turned.group;
  stepping.transitions.push(...turned.transitions);
  stepping.notices.push(...turned.notices.filter(isForOthers));
}

/** Whoever sent what was kept has had its answer: that it was kept. */
function isForOthers(notice: Notice): boolean {
  return (
    notice.kind !== 'later' &&
    notice.kind !== 'worker' &&
    (notice.kind !== 'reply' || notice.to !== undefined)
  );
}
