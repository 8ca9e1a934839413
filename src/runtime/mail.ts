/**
 * Messages between groups on the wire (ARCHITECTURE, D17): sent when they are made, again while nobody says
 * that they are journaled, and whenever their receiver asks.
 */
import type { Publication } from '../ports/broker.ts';
import { exchanges, partitionKey, partitionOf } from '../protocol/topology.ts';
import type { Committed } from './commit.ts';
import type { Group, Notice } from './group.ts';
import { loadGroup } from './load.ts';
import { messagesTo } from './obligations.ts';
import type { OwedMessage } from './obligations.ts';
import { groupOf, insideOf, outboxJournaled, placeText } from './outbox.ts';
import type { Ownership } from './ownership.ts';
import { properties, publish } from './publish.ts';
import type { Pair } from './resends.ts';
import type { Runtime } from './runtime.ts';
import type { Turned } from './turns.ts';

type Telling = Extract<Notice, { kind: 'tell' }>;

/** What goes to a group's mailbox, whatever partition that is in. */
export type Letter = {
  messageId: string;
  type: string;
  headers: Readonly<Record<string, string>> & { group: string };
  body: string;
};

/** A message as it travels, the same however often it is sent. */
export function letterOf(sender: string, { row, after, asOf }: OwedMessage): Letter {
  return {
    messageId: `${sender}/${placeText(row)}/message`,
    type: row.type,
    headers: {
      group: groupOf(row.to),
      to: insideOf(row.to),
      from: `${sender}/${row.from}`,
      place: placeText(row),
      ...(after !== undefined && { after: placeText(after) }),
      ...(asOf !== undefined && { asOf: String(asOf) }),
    },
    body: row.body,
  };
}

/** What a receiver says to a sender. */
export function letterFor(teller: string, { to, type, body }: Telling): Letter {
  const headers = { group: to, to: 'outbox', from: teller };
  return { messageId: `${teller}/${to}/${type}`, type, headers, body: JSON.stringify(body) };
}

/** Sends one message to another group, and looks again later whether it has arrived. */
export async function sendMessage(
  runtime: Runtime,
  own: Ownership,
  group: Group,
  owed: OwedMessage,
): Promise<void> {
  await publish(runtime, publicationOf(runtime, letterOf(group.id, owed)));
  own.resends.watch({ group: group.id, receiver: groupOf(owed.row.to) }, owed.row);
}

function publicationOf(runtime: Runtime, { messageId, type, headers, body }: Letter): Publication {
  return {
    exchange: exchanges.partitions,
    routingKey: partitionKey(partitionOf(headers.group, runtime.store.partitions)),
    properties: { ...properties(runtime, messageId, type), headers },
    body,
  };
}

/** What a group owes to another as far as it is committed; nothing while it is parked. */
export async function stillOwed(
  runtime: Runtime,
  own: Ownership,
  { group: id, receiver }: Pair,
): Promise<{ group: Group; owed: OwedMessage[] }> {
  const known = own.uncommitted.get(id) ?? own.residents.get(id);
  const { group, parked } = known ?? (await loadGroup(runtime, { partition: own.partition, id }));
  return { group, owed: parked === undefined ? messagesTo(group.obligations, receiver) : [] };
}

/** Tells senders what a batch has journaled, once for each pair of groups, and asks for what is missing. */
export function tellSenders(
  runtime: Runtime,
  own: Ownership,
  { committed }: Committed,
  sending: Promise<unknown>[],
): void {
  const letters = new Map<string, Letter>();
  for (const { message, judged } of committed) {
    if (message?.type === outboxJournaled) {
      const now = own.residents.get(message.group)?.group;
      if (now !== undefined) own.resends.look(now);
    }
    if (message?.meta.place === undefined) continue;
    for (const notice of noticesOf(judged)) {
      if (notice.kind !== 'tell') continue;
      const letter = letterFor(message.group, notice);
      // Of two the later one says more.
      letters.set(letter.messageId, letter);
    }
  }
  for (const letter of letters.values())
    sending.push(publish(runtime, publicationOf(runtime, letter)));
}

function noticesOf(judged: Turned['judged']): readonly Notice[] {
  if (judged.verdict === 'accepted') return judged.notices;
  return 'notices' in judged ? judged.notices : [];
}
