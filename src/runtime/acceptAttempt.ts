/**
 * What workers say of attempts, and what a lease's timer leads to (architecture, section 8). Only what changes
 * the group is journaled; a confirm or a renewal that finds nothing new is answered and acked.
 */
import { z } from 'zod';
import { attemptAnswerSchemas, attemptSayingSchemas, leasePeriodMs } from '../protocol/attempts.ts';
import type {
  AttemptAnswerType,
  AttemptOutput,
  AttemptSayingType,
  AttemptVerdict,
} from '../protocol/attempts.ts';
import { PermanentError } from '../protocol/errors.ts';
import { fit } from './addressed.ts';
import { confirm, giveBack, isLeased, lease, miss } from './attempts/holder.ts';
import type { Answered, Asked } from './attempts/holder.ts';
import {
  awaited,
  settleAttempt,
  unwatched,
  watched,
  watchedBy,
  watchOf,
  withRow,
} from './attempts/rows.ts';
import { inputParts } from './attempts/start.ts';
import type { Group, Notice, Turned } from './group.ts';
import type { Incoming } from './incoming.ts';
import type { AttemptRow, HeldTimer, Obligations, Owed } from './obligations.ts';
import { kindOf } from './registry.ts';
import type { Registry } from './registry.ts';
import { turn, turnWithoutStep } from './turn.ts';
import { appendValue } from './values.ts';
import type { Values } from './values.ts';
import { orParked } from './verdict.ts';
import type { Verdict } from './verdict.ts';

type Asking = { executionId: string; claim?: number; part?: number };

type About = { key: string; attempt: number; part?: number };

/** An answer, or what a worker says before it. Throws PermanentError for what is neither. */
export function acceptAttempt(
  registry: Registry,
  group: Group,
  message: Incoming,
  at: number,
): Verdict {
  if (Object.hasOwn(attemptAnswerSchemas, message.type))
    return acceptAnswer(registry, group, message, at);
  if (Object.hasOwn(attemptSayingSchemas, message.type))
    return acceptSaying(registry, group, message, at);
  throw new PermanentError(`"${message.type}" is nothing that workers say`);
}

function acceptAnswer(registry: Registry, group: Group, message: Incoming, at: number): Verdict {
  const { to, type } = message;
  const answer = fit(attemptAnswerSchemas[type as AttemptAnswerType], message);
  const settled = settleAttempt(group.obligations, { type, actor: to, ...answer });
  if (settled === 'duplicate') return { verdict: 'duplicate', notices: [] };
  const { held: obligations, row } = settled;
  const event: Event = { type, ...forActor(answer) };
  return orParked(to, event, () => {
    const isReferenced = registry.kind(kindOf(to)).definition.values === 'referenced';
    const values = isReferenced ? intoLog(group.values, event) : group.values;
    const turned = turn(registry, { ...group, obligations, values }, { to, event, at });
    return { verdict: 'accepted', turned, answered: row };
  });
}

/** An answer as its actor is told it. */
type Event = { type: string; result?: unknown; data?: unknown } & Record<string, unknown>;

/** What a process printed is for people who look into the journal, and no machine knows executions. */
function forActor(answer: AttemptOutput & { executionId?: string | undefined }): object {
  if ((answer.exit ?? answer.stdout ?? answer.stderr ?? answer.executionId) === undefined)
    return answer;
  const { exit: _exit, stdout: _stdout, stderr: _stderr, executionId: _id, ...told } = answer;
  return told;
}

/** Puts the user's JSON into the value log; the event then holds its numbers. */
function intoLog(values: Values, event: Event): Values {
  let log = values;
  for (const field of ['result', 'data'] as const) {
    if (event[field] === undefined) continue;
    [log, event[field]] = appendValue(log, JSON.stringify(event[field]));
  }
  return log;
}

/** What the worker is told, and what its saying changes. */
function acceptSaying(registry: Registry, group: Group, message: Incoming, at: number): Verdict {
  const type = message.type as AttemptSayingType;
  // As its schema has it: what a judgement reads is there.
  const asked = fit(attemptSayingSchemas[type], message) as Asked & About;
  const before = awaited(group.obligations, { actor: message.to, ...asked });
  if (before === undefined) return answered(asked, { verdict: 'drop' });
  if (type === 'attempt.fetch') return fetched(group, before, asked);
  return change(registry, group, { before, asked, at, ...judgements[type](before, asked) });
}

const judgements: Record<Exclude<AttemptSayingType, 'attempt.fetch'>, Judgement> = {
  'attempt.confirm': confirm,
  'attempt.lease': lease,
  'attempt.return': giveBack,
};

type Judgement = (row: AttemptRow, asked: Asked) => Answered;

function fetched(group: Group, row: AttemptRow, { executionId, part = 0 }: Asking): Verdict {
  const text = inputParts(group, row)[part];
  if (text === undefined) return answered({ executionId }, { verdict: 'drop' });
  const body = { executionId, part, text };
  return {
    verdict: 'answered',
    notices: [{ kind: 'worker', type: 'attempt.input', body }],
    owed: [],
  };
}

const leaseCheckSchema = z.object({
  key: z.string(),
  attempt: z.number(),
  executionId: z.string(),
  /** Of the entry that set the timer: an older check says nothing about the timer that is set now. */
  timer: z.number(),
  isGone: z.boolean().optional(),
});

/** Body of `lease.check`. */
export type LeaseCheck = z.infer<typeof leaseCheckSchema>;

/** A lease that was not renewed in time, as its owner finds: first suspect, then lost, and the start is owed again. */
export function acceptLeaseCheck(
  registry: Registry,
  group: Group,
  message: Incoming,
  at: number,
): Verdict {
  const check = fit(leaseCheckSchema, message);
  const row = awaited(group.obligations, { actor: message.to, ...check });
  const isOld = row === undefined || watchOf(group.obligations, row)?.seq !== check.timer;
  if (isOld) return { verdict: 'ignored' };
  const missed = miss(row, check);
  return missed.row === row
    ? { verdict: 'ignored' }
    : change(registry, group, { before: row, asked: check, at, isMissed: true, ...missed });
}

/** The owner looks whether the lease was renewed, by way of its own queue. */
export function leaseTimerDue(group: Group, timer: HeldTimer): Verdict {
  const row = watchedBy(group.obligations, timer);
  const owed: Owed[] = row === undefined ? [] : [{ kind: 'check', row, timer }];
  return { verdict: 'answered', notices: [], owed };
}

type Change = Answered & { before: AttemptRow; asked: Asking; at: number; isMissed?: boolean };

/** The group with the changed row; its lease is watched or no more, its start sent again where nobody has it now. */
function change(registry: Registry, group: Group, changed: Change): Verdict {
  const { before, row, asked, at, verdict } = changed;
  if (row === before) return answered(asked, changed);
  const [obligations, owed] = tablesAfter(group, changed);
  const after = { ...group, obligations };
  const hasBegun = verdict === 'run' || (isLeased(row) && !isLeased(before));
  return orParked(row.actor, { type: attemptHeld }, () => {
    const turned = hasBegun
      ? tellHeld(registry, after, row, at)
      : turnWithoutStep(registry, after, at);
    const notices = [...turned.notices, ...noticesOf(asked, changed)];
    return { verdict: 'accepted', turned: { ...turned, owed: [...turned.owed, ...owed], notices } };
  });
}

function tablesAfter(group: Group, { before, row, at, isMissed }: Change): [Obligations, Owed[]] {
  const held = withRow(group.obligations, row);
  if (isLeased(row)) {
    if (isLeased(before) && isMissed !== true) return [held, []];
    const [left, timer] = watched(held, row, { due: at + leasePeriodMs, seq: group.seq + 1 });
    return [left, [{ kind: 'timer', timer }]];
  }
  if (!isLeased(before)) return [held, []];
  const isNobodys = row.holder?.isLost === true;
  return [unwatched(held, row), isNobodys ? [{ kind: 'start', row }] : []];
}

/** An actor that accepts it learns that its attempt has begun, as far as anybody can know. */
const attemptHeld = 'attempt.held';

function tellHeld(registry: Registry, group: Group, row: AttemptRow, at: number): Turned {
  const { actor: to, key, job } = row;
  const { accepts } = registry.kind(kindOf(to)).definition;
  if (!Object.hasOwn(accepts, attemptHeld)) return turnWithoutStep(registry, group, at);
  return turn(registry, group, { to, event: { type: attemptHeld, key, attempt: job.attempt }, at });
}

function answered(asked: Asking, said: Said = {}): Verdict {
  return { verdict: 'answered', notices: noticesOf(asked, said), owed: [] };
}

type Said = Partial<Pick<AttemptVerdict, 'verdict' | 'reason'>>;

function noticesOf({ executionId, claim }: Asking, { verdict, reason }: Said): Notice[] {
  if (verdict === undefined) return [];
  const body = {
    executionId,
    ...(claim !== undefined && { claim }),
    verdict,
    ...(reason !== undefined && { reason }),
  };
  return [{ kind: 'worker', type: 'attempt.verdict', body }];
}
