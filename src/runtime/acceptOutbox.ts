/**
 * What a message of another group does, and what groups say about messages (ARCHITECTURE, D17): taken in
 * order and once, journaled even when it can never be stepped, so that its sender need not send for ever.
 */
import { z } from 'zod';
import type { EntryMeta } from '../ports/journal.ts';
import { messageOf, PermanentError } from '../protocol/errors.ts';
import type { Verdict } from './verdict.ts';
import { eventFor, fit, parse } from './addressed.ts';
import { turn, turnWithoutStep } from './turn.ts';
import type { Group, Notice, Turned } from './group.ts';
import type { Incoming } from './incoming.ts';
import { messagesTo } from './obligations.ts';
import {
  groupOf,
  outboxAsk,
  outboxForget,
  outboxJournaled,
  outboxRejected,
  placeText,
  settlePosted,
  standingOf,
  taking,
  toPlace,
} from './outbox.ts';
import type { Inbox, Sent } from './outbox.ts';
import type { Registry } from './registry.ts';

const journaledSchema = z.object({ by: z.string(), upTo: z.string() });
const askSchema = z.object({ by: z.string(), asOf: z.number() });

/** Judges what comes from other groups; a message that is early is asked for again. */
export function acceptFromGroup(
  registry: Registry,
  group: Group,
  message: Incoming,
  at: number,
): Verdict {
  if (message.type === outboxJournaled) return acceptJournaled(registry, group, message, at);
  if (message.type === outboxAsk) {
    const { by, asOf } = fit(askSchema, message);
    return { verdict: 'answered', notices: [], owed: messagesTo(group.obligations, by, asOf) };
  }
  const { inbox } = group.obligations;
  return unlessDue(group, sentOf(message), inbox) ?? take(registry, group, message, at);
}

/** Keeping for `unpark` what a parked group is sent: once, and in order; undefined when it is to be kept. */
export function unlessKept(
  group: Group,
  message: Incoming,
  kept: readonly { meta?: EntryMeta; type: string; seq: number }[],
): Verdict | undefined {
  if (message.type === outboxAsk) return { verdict: 'answered', notices: [], owed: [] };
  if (message.meta.place === undefined) return undefined;
  const known = kept.reduce((inbox: Inbox, { meta = {}, type, seq }) => {
    if (meta.place === undefined) return inbox;
    return taking(inbox, sentOf({ type, meta }), seq);
  }, group.obligations.inbox);
  return unlessDue(group, sentOf(message), known);
}

function unlessDue(group: Group, sent: Sent, inbox: Inbox): Verdict | undefined {
  const standing = standingOf(inbox, sent);
  if (standing === 'next') return undefined;
  if (standing === 'taken') {
    const upTo = inbox.senders.get(sent.sender) ?? sent.place;
    return { verdict: 'duplicate', notices: [journaled(group.id, { ...sent, place: upTo })] };
  }
  const body = { by: group.id, asOf: group.seq };
  const ask: Notice = { kind: 'tell', to: sent.sender, type: outboxAsk, body };
  return { verdict: 'answered', notices: [ask], owed: [] };
}

/** What the sender is told once the message is in the journal. */
export function journaled(by: string, { sender, place }: Pick<Sent, 'sender' | 'place'>): Notice {
  return { kind: 'tell', to: sender, type: outboxJournaled, body: { by, upTo: placeText(place) } };
}

/** Where a message stands with its sender. One that is in the journal had its turn. */
export function sentOf({ type, meta, order }: Pick<Incoming, 'type' | 'meta' | 'order'>): Sent {
  const { from, place } = meta;
  if (from === undefined || place === undefined)
    throw new PermanentError(`"${type}" does not say which group it is from, and its place there`);
  return {
    sender: groupOf(from),
    place: toPlace(place),
    isForget: type === outboxForget,
    ...(order ?? { asOf: Number.MAX_SAFE_INTEGER }),
  };
}

function acceptJournaled(registry: Registry, group: Group, message: Incoming, at: number): Verdict {
  const { by, upTo } = fit(journaledSchema, message);
  const outbox = settlePosted(group.obligations.outbox, by, toPlace(upTo));
  if (outbox === 'duplicate') return { verdict: 'duplicate', notices: [] };
  const before = { ...group, obligations: { ...group.obligations, outbox } };
  return { verdict: 'accepted', turned: turnWithoutStep(registry, before, at) };
}

function take(registry: Registry, group: Group, message: Incoming, at: number): Verdict {
  const sent = sentOf(message);
  const inbox = taking(group.obligations.inbox, sent, group.seq + 1);
  const before = { ...group, obligations: { ...group.obligations, inbox } };
  const [turned, refused] = stepped(registry, before, message, at);
  const notices = [...turned.notices, journaled(group.id, sent)];
  return {
    verdict: 'accepted',
    turned: { ...turned, notices },
    ...(refused !== undefined && { refused }),
  };
}

/** The turn, or why it can never be taken: so it was decided once, and so it stays. */
function stepped(
  registry: Registry,
  before: Group,
  message: Incoming,
  at: number,
): [Turned, string?] {
  if (message.type === outboxForget) return [forget(registry, before, message, at)];
  const { refused } = message.meta;
  if (refused !== undefined)
    return [refuse(registry, before, message, { reason: refused, at }), refused];
  try {
    return [step(registry, before, message, at)];
  } catch (thrown) {
    const reason = messageOf(thrown);
    return [refuse(registry, before, message, { reason, at }), reason];
  }
}

function step(registry: Registry, before: Group, message: Incoming, at: number): Turned {
  const { to, meta } = message;
  const event =
    message.type === outboxRejected
      ? { ...asObject(parse(message)), type: outboxRejected }
      : eventFor(registry, before, message);
  return turn(registry, before, {
    to,
    event,
    at,
    ...(meta.from !== undefined && { from: meta.from }),
  });
}

/** A group's own words: nobody else says `outbox.rejected`. */
function asObject(body: unknown): Record<string, unknown> {
  return body as Record<string, unknown>;
}

/** Forgets the sender, which has ended; this group need not say goodbye to it any more. */
function forget(registry: Registry, before: Group, { meta }: Incoming, at: number): Turned {
  const { obligations } = before;
  const sender = groupOf(meta.from ?? '');
  const isOwed = (obligations.outbox.get(sender) ?? []).length > 0;
  const outbox = isOwed ? obligations.outbox : obligations.outbox.without(sender);
  return turnWithoutStep(registry, { ...before, obligations: { ...obligations, outbox } }, at);
}

/** Tells the sending actor, and sets the message aside. One about a message that was refused is not answered. */
function refuse(
  registry: Registry,
  before: Group,
  { to, type, body = '{}', meta }: Incoming,
  { reason, at }: { reason: string; at: number },
): Turned {
  const { from = '' } = meta;
  const told = { from: to, to: from, event: { type: outboxRejected, to, message: type, reason } };
  const answer = type === outboxRejected ? undefined : told;
  const turned = turnWithoutStep(registry, before, at, answer);
  return { ...turned, notices: [{ kind: 'aside', type, to, from, body, reason }] };
}
