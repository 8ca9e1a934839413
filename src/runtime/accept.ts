/**
 * What one message does to one group: settle what it answers, dedupe, check it against the actor's
 * schema, turn. Used alike by delivery, recovery and replay, so it reads nothing but its arguments.
 */
import { z } from 'zod';
import type { Address } from '../protocol/envelope.ts';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import type { ActorEvent } from './actor.ts';
import { turn, turnWithoutStep } from './turn.ts';
import type { Group, Notice, Turned } from './group.ts';
import { acceptAttempt, acceptLeaseCheck, leaseTimerDue } from './acceptAttempt.ts';
import { acceptFromGroup } from './acceptOutbox.ts';
import { eventFor, parse } from './addressed.ts';
import { takeValues } from './brought.ts';
import { promiseTo, rememberCommand, seenCommand } from './commands.ts';
import { isAnswer, isBetweenGroups, leaseCheck, timerFired } from './incoming.ts';
import type { Incoming } from './incoming.ts';
import { settleTimer } from './obligations.ts';
import type { PromisedReply, SeenCommand } from './obligations.ts';
import { leaseDue } from './attempts/rows.ts';
import { kindOf } from './registry.ts';
import type { Registry } from './registry.ts';
import { orParked } from './verdict.ts';
import type { Verdict } from './verdict.ts';

/** Judges a message; `group` is unchanged unless the verdict brings a new one. */
export function accept(registry: Registry, group: Group, message: Incoming, at: number): Verdict {
  try {
    if (message.type === timerFired) return acceptTimer(registry, group, message, at);
    if (isAnswer(message.type)) return acceptAttempt(registry, group, message, at);
    if (message.type === leaseCheck) return acceptLeaseCheck(registry, group, message, at);
    if (isBetweenGroups(message)) return acceptFromGroup(registry, group, message, at);
    return acceptCommand(registry, group, message, at);
  } catch (thrown) {
    return rejected(thrown);
  }
}

function rejected(thrown: unknown): Verdict {
  const code = thrown instanceof MillraceError ? thrown.code : 'rejected';
  return { verdict: 'rejected', reason: messageOf(thrown), code };
}

const timerSchema = z.object({ seq: z.number(), n: z.number() });

function acceptTimer(registry: Registry, group: Group, message: Incoming, at: number): Verdict {
  const settled = settleTimer(group.obligations, timerSchema.parse(parse(message)));
  if (settled === 'duplicate') return { verdict: 'duplicate', notices: [] };
  const { timer, held } = settled;
  const { actor: to, event } = timer;
  if (event.type === leaseDue) return leaseTimerDue(group, timer);
  const before = { ...group, obligations: held };
  return orParked(to, event, () => accepted(turn(registry, before, { to, event, at })));
}

function acceptCommand(registry: Registry, group: Group, message: Incoming, at: number): Verdict {
  const { to, type, meta } = message;
  const id = meta.messageId ?? '';
  const seen = seenCommand(group.obligations, id);
  if (seen !== undefined) return acceptAgain(registry, group, { seen, replyTo: meta.replyTo }, at);
  const { event, values } = takeValues(registry, message, eventFor(registry, group, message));
  const before = values === undefined || group.root !== '' ? group : { ...group, values };
  const { startedBy, repliesLater = [] } = registry.kind(kindOf(to)).definition;
  const promise = repliesLater.includes(type) ? promiseOf(group, message, id) : undefined;
  const turned =
    promise === undefined
      ? turn(registry, before, { to, event, at })
      : turnWithPromise(registry, before, { to, event, at, promise });
  if (!turned.isIgnored) return accepted(remember(turned, id));
  if (!startedBy.includes(type)) return { verdict: 'ignored' };
  return { verdict: 'duplicate', notices: [{ kind: 'reply', data: { ok: true, existed: true } }] };
}

/** A command that came before is answered alike; one that still waits has its answer go where it now asks for it. */
function acceptAgain(
  registry: Registry,
  group: Group,
  { seen, replyTo }: { seen: SeenCommand; replyTo: string | undefined },
  at: number,
): Verdict {
  const { obligations } = group;
  const promise = promiseTo(obligations, seen.id);
  if (promise === undefined || replyTo === undefined || replyTo === promise.queue)
    return { verdict: 'duplicate', notices: repliesOf(seen, promise) };
  const replies = obligations.replies.with(promise.address, { ...promise, queue: replyTo });
  const turned = turnWithoutStep(
    registry,
    { ...group, obligations: { ...obligations, replies } },
    at,
  );
  return accepted({ ...turned, notices: [{ kind: 'later' }] });
}

/** Undefined when nobody asked for an answer. */
function promiseOf(
  group: Group,
  { to, meta }: Incoming,
  command: string,
): PromisedReply | undefined {
  const { replyTo: queue, correlationId = command } = meta;
  if (queue === undefined) return undefined;
  return { address: String(group.seq + 1), actor: to, command, queue, correlationId };
}

/** The promise is dropped again if the turn has an answer of its own. */
function turnWithPromise(
  registry: Registry,
  group: Group,
  {
    promise,
    to,
    event,
    at,
  }: { promise: PromisedReply; to: Address; event: ActorEvent; at: number },
): Turned {
  const { address } = promise;
  const replies = group.obligations.replies.with(address, promise);
  const before = { ...group, obligations: { ...group.obligations, replies } };
  const turned = turn(registry, before, { to, event: { ...event, replyTo: address }, at });
  const { obligations } = turned.group;
  if (!obligations.replies.has(address)) return turned;
  if (!turned.notices.some((notice) => isAnswerTo(notice, promise.command)))
    return { ...turned, notices: [...turned.notices, { kind: 'later' }] };
  const left = { ...obligations, replies: obligations.replies.without(address) };
  return { ...turned, group: { ...turned.group, obligations: left } };
}

function accepted(turned: Turned): Verdict & { verdict: 'accepted' } {
  return { verdict: 'accepted', turned };
}

function repliesOf({ reply }: SeenCommand, promise: PromisedReply | undefined): Notice[] {
  if (reply !== undefined) return [{ kind: 'reply', data: JSON.parse(reply) as unknown }];
  return promise === undefined ? [] : [{ kind: 'later' }];
}

function remember(turned: Turned, id: string): Turned {
  const answer = turned.notices.find((notice) => isAnswerTo(notice, id));
  const reply = answer?.kind === 'reply' ? { reply: JSON.stringify(answer.data) } : {};
  const obligations = rememberCommand(turned.group.obligations, { id, ...reply });
  return { ...turned, group: { ...turned.group, obligations } };
}

function isAnswerTo(notice: Notice, command: string): boolean {
  return notice.kind === 'reply' && (notice.to === undefined || notice.to.command === command);
}
