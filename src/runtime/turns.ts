/** The turns of a batch: each loaded message is judged in order, and gets its entry. */
import type { Entry } from '../ports/journal.ts';
import { afterTurn, beforeTurn } from './attempts/unjournaled.ts';
import type { Turned as Turn } from './group.ts';
import { isForOwner } from '../protocol/forOwner.ts';
import type { Incoming } from './incoming.ts';
import type { Arrival } from './mailbox.ts';
import type { AttemptRow } from './obligations.ts';
import type { Ownership } from './ownership.ts';
import { judge, keep } from './parking.ts';
import type { Judged, Resident } from './parking.ts';
import type { Runtime } from './runtime.ts';

/** What costs as much as a message without more to it. */
const [charactersAWork, startsAWork] = [8192, 4];

/** A message that is still to be judged, or why it cannot be. */
export type Loaded =
  | { arrival: Arrival; message: Incoming; resident: Resident }
  | { arrival: Arrival; refusal: string };

/** A group as the newest entry of a batch leaves it; all its entries in that batch share one. */
export type Standing = { resident: Resident };

/** What is to be told and sent. Not the group of each turn: all of them would stay in memory with the batch. */
type Accepted = Pick<Turn, 'owed' | 'notices'> & { verdict: 'accepted'; answered?: AttemptRow };

/** A judged message; with an entry, and its group, if it is to be journaled. */
export type Turned = {
  arrival: Arrival;
  message?: Incoming;
  judged:
    | Accepted
    | Exclude<Judged, { verdict: 'accepted' }>
    | { verdict: 'rejected'; reason: string; code: string };
  entry?: Entry;
  standing?: Standing;
};

/**
 * Judges messages in order, at least one and as many of them as are good for one turn of the event loop; pure
 * but for the ownership's memory, which runs ahead until the commit.
 */
export function takeTurns(runtime: Runtime, own: Ownership, loaded: readonly Loaded[]): Turned[] {
  const turned: Turned[] = [];
  const takeTurn = turns(runtime, own);
  for (const item of loaded) {
    const next = takeTurn(item);
    turned.push(next);
    if (!runtime.pace.goOn(workOf(next))) break;
  }
  return turned;
}

/** To read a long body takes time, and so does what a turn asks for. */
function workOf({ message, judged }: Turned): number {
  const owed = judged.verdict === 'accepted' ? judged.owed.length : 0;
  const length = message?.body?.length ?? 0;
  return 1 + Math.floor(length / charactersAWork) + Math.floor(owed / startsAWork);
}

/** Takes the turns of one batch, one at a time. */
function turns(runtime: Runtime, own: Ownership): (item: Loaded) => Turned {
  let offset = own.head;
  const standings = new Map<string, Standing>();
  return (item) => {
    const { arrival } = item;
    if ('refusal' in item)
      return { arrival, judged: { verdict: 'rejected', reason: item.refusal, code: 'rejected' } };
    const { message } = item;
    if (isForOwner(message.type))
      return { arrival, message, judged: { verdict: 'ignored', next: item.resident } };
    const now = runtime.clock.now();
    own.at = Math.max(own.at, now);
    const resident = own.residents.get(message.group) ?? item.resident;
    const judged =
      beforeTurn(own, resident, message, now) ?? judge(runtime.registry, resident, message, own.at);
    if (judged.verdict !== 'accepted' && judged.verdict !== 'parked')
      return { arrival, message, judged };
    offset += 1;
    const entry = entryOf(own, { message, judged, resident, offset });
    if (judged.verdict === 'accepted') afterTurn(own, judged);
    const next = judged.verdict === 'parked' ? keep(judged.next, entry, message.body) : judged.next;
    if (!own.uncommitted.has(message.group)) own.uncommitted.set(message.group, resident);
    const left = Object.assign({}, next, { offset });
    own.residents.set(message.group, left);
    const standing = standings.get(message.group) ?? { resident: left };
    standing.resident = left;
    standings.set(message.group, standing);
    return { arrival, message, judged: toTell(judged), entry, standing };
  };
}

function toTell(judged: Judged & { verdict: 'accepted' | 'parked' }): Turned['judged'] {
  if (judged.verdict === 'parked') return judged;
  const { owed, notices } = judged.turned;
  const told: Accepted = { verdict: 'accepted', owed, notices };
  if (judged.answered !== undefined) told.answered = judged.answered;
  return told;
}

function entryOf(
  own: Ownership,
  {
    message,
    judged,
    resident,
    offset,
  }: { message: Incoming; judged: Judged; resident: Resident; offset: number },
): Entry {
  const { group, type, to, body, blob } = message;
  const refused = judged.verdict === 'accepted' ? judged.refused : undefined;
  const meta = refused === undefined ? message.meta : { ...message.meta, refused };
  const entry: Entry = {
    partition: own.partition,
    offset,
    token: own.token,
    group,
    seq: resident.group.seq + 1,
    at: own.at,
    type,
    transitions: judged.verdict === 'accepted' ? judged.turned.transitions : [],
  };
  if (to !== '') entry.to = to;
  if (Object.keys(meta).length > 0) entry.meta = meta;
  if (blob !== undefined) entry.blob = blob;
  else if (body !== undefined) entry.body = body;
  if (judged.verdict === 'parked') entry.parked = judged.reason;
  return entry;
}
