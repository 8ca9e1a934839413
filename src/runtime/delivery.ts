/**
 * One batch from top to bottom, the only path a message takes:
 * load, dedupe and turn, commit, release, ack. Each stage takes what the one before it made.
 */
import type { Entry } from '../ports/journal.ts';
import { inlineBytes } from '../protocol/envelope.ts';
import { DocumentError, MillraceError, PermanentError } from '../protocol/errors.ts';
import { append } from './commit.ts';
import type { Notice } from './group.ts';
import { decode, partitionWake, timerFired } from './incoming.ts';
import type { Incoming } from './incoming.ts';
import { Lane } from './lane.ts';
import { loadGroup } from './load.ts';
import type { Arrival } from './mailbox.ts';
import type { Ownership } from './ownership.ts';
import { judge, keep } from './parking.ts';
import type { Judged, Resident } from './parking.ts';
import { answersTo, reject, sendAnswers, sendOwed } from './release.ts';
import type { Runtime } from './runtime.ts';
import { sha256 } from './snapshots.ts';

/** Unacked deliveries a partition may hold (architecture, section 10). */
export const prefetch = 200;

/** A message that is still to be judged, or why it cannot be. */
type Loaded = { arrival: Arrival; message: Incoming; resident: Resident } | { arrival: Arrival; refusal: string };

/** A judged message; with an entry if it is to be journaled. */
type Turned = { arrival: Arrival; message?: Incoming; judged: Judged | { verdict: 'rejected'; reason: string; code: string }; entry?: Entry };

/** Entries in it are durable. Only `commit` makes one. */
type Committed = { readonly committed: readonly Turned[] };

/** Everything it asked for has been sent. Only `release` makes one. */
type Released = { readonly released: readonly Turned[] };

/** Takes batches until the mailbox closes. Rejects when the partition is lost. */
export async function deliver(runtime: Runtime, own: Ownership, afterRelease: () => void): Promise<void> {
  const releases = new Lane();
  for await (const arrivals of own.mailbox.batches(prefetch)) {
    for (let rest: readonly Arrival[] = arrivals; rest.length > 0; ) {
      const loaded = await load(runtime, own, rest);
      const turned = takeTurns(runtime, own, loaded);
      const { committed, left } = await commit(runtime, own, turned);
      rest = left;
      await releases.push(async () => {
        ack(own, await release(runtime, own, committed));
        afterRelease();
      });
    }
  }
  await releases.drain();
}

/** Decodes, and brings the groups into memory that are not there. */
async function load(runtime: Runtime, own: Ownership, arrivals: readonly Arrival[]): Promise<Loaded[]> {
  const loaded: Loaded[] = [];
  for (const arrival of arrivals) {
    try {
      const message = await withBody(runtime, 'own' in arrival ? arrival.own : decode(arrival.delivery));
      const resident = await residentOf(runtime, own, message);
      loaded.push({ arrival, message, resident });
    } catch (thrown) {
      if (!(thrown instanceof PermanentError)) throw thrown;
      loaded.push({ arrival, refusal: thrown.message });
    }
  }
  return loaded;
}

/** A body over 64 KiB is stored once, by hash; the entry names it. */
async function withBody(runtime: Runtime, message: Incoming): Promise<Incoming> {
  if (message.blob !== undefined) return { ...message, body: await blobOf(runtime, message.blob) };
  if (message.body === undefined || message.body.length <= inlineBytes) return message;
  const blob = sha256(message.body);
  // Not awaited: the port makes it durable before the append that names it.
  runtime.store.blobs.put(new Map([[blob, message.body]])).catch((err: unknown) => {
    runtime.log.warn({ err, blob }, 'blob not stored');
  });
  return { ...message, blob };
}

/** One that is missing is the message's fault, not the partition's. */
async function blobOf({ store }: Runtime, hash: string): Promise<string> {
  try {
    return await store.blobs.get(hash);
  } catch (cause) {
    if (!(cause instanceof MillraceError) || cause.code !== 'store') throw cause;
    throw new PermanentError(cause.message, { cause });
  }
}

async function residentOf(runtime: Runtime, own: Ownership, message: Incoming): Promise<Resident> {
  const known = own.residents.get(message.group);
  const isOld = known === undefined || (known.isBroken === true && message.type === 'group.unpark');
  if (!isOld) return known;
  const resident = await loadGroup(runtime, { partition: own.partition, id: message.group });
  own.residents.set(message.group, resident);
  return resident;
}

/** Judges each message in order; pure but for the ownership's memory, which runs ahead until the commit. */
function takeTurns(runtime: Runtime, own: Ownership, loaded: readonly Loaded[]): Turned[] {
  let offset = own.head;
  return loaded.map((item): Turned => {
    const { arrival } = item;
    if ('refusal' in item) return { arrival, judged: { verdict: 'rejected', reason: item.refusal, code: 'rejected' } };
    const { message } = item;
    if (message.type === partitionWake) return { arrival, message, judged: { verdict: 'ignored', next: item.resident } };
    own.at = Math.max(own.at, runtime.clock.now());
    const resident = own.residents.get(message.group) ?? item.resident;
    const judged = judge(runtime.registry, resident, message, own.at);
    if (judged.verdict !== 'accepted' && judged.verdict !== 'parked') return { arrival, message, judged };
    offset += 1;
    const entry = entryOf(own, { message, judged, resident, offset });
    const next = judged.verdict === 'parked' ? keep(judged.next, entry, message.body) : judged.next;
    if (!own.uncommitted.has(message.group)) own.uncommitted.set(message.group, resident);
    own.residents.set(message.group, { ...next, offset });
    return { arrival, message, judged, entry };
  });
}

function entryOf(
  own: Ownership,
  { message, judged, resident, offset }: { message: Incoming; judged: Judged; resident: Resident; offset: number },
): Entry {
  const { group, type, to, meta, body, blob } = message;
  const hasMeta = Object.keys(meta).length > 0;
  const content = blob !== undefined ? { blob } : body !== undefined ? { body } : {};
  return {
    partition: own.partition,
    offset,
    token: own.token,
    group,
    seq: resident.group.seq + 1,
    at: own.at,
    type,
    ...(to !== '' && { to }),
    ...(hasMeta && { meta }),
    ...content,
    transitions: judged.verdict === 'accepted' ? judged.turned.transitions : [],
    ...(judged.verdict === 'parked' && { parked: judged.reason }),
  };
}

/**
 * One append for the whole batch. An entry that the store refuses is refused alone: those before it
 * stand, those after it are left to be turned anew.
 */
async function commit(
  runtime: Runtime,
  own: Ownership,
  turned: readonly Turned[],
): Promise<{ committed: Committed; left: Arrival[] }> {
  const entries = turned.flatMap(({ entry }) => entry ?? []);
  try {
    if (entries.length > 0) await append(runtime, entries);
    own.head += entries.length;
    own.uncommitted.clear();
    runtime.feed.committed(entries);
    return { committed: { committed: turned }, left: [] };
  } catch (thrown) {
    if (!(thrown instanceof DocumentError)) throw thrown;
    const refused = turned.findIndex(({ entry }) => entry === entries[thrown.index]);
    own.head += thrown.index;
    for (const { message } of turned.slice(refused)) own.residents.delete(message?.group ?? '');
    own.uncommitted.clear();
    runtime.feed.committed(entries.slice(0, thrown.index));
    const [first] = turned.slice(refused);
    const judged = { verdict: 'rejected', reason: thrown.message, code: 'document' } as const;
    const { entry: _, ...bare } = first ?? { arrival: turned[0]?.arrival ?? raise(thrown) };
    return {
      committed: { committed: [...turned.slice(0, refused), { ...bare, judged }] },
      left: turned.slice(refused + 1).map(({ arrival }) => arrival),
    };
  }
}

function raise(thrown: Error): never {
  throw thrown;
}

/** Sends, in order, what the batch asks for; resolves when the broker has it. */
async function release(runtime: Runtime, own: Ownership, { committed }: Committed): Promise<Released> {
  await Promise.all(committed.map((item) => releaseOne(runtime, own, item)));
  const last = committed.findLast(({ entry }) => entry !== undefined)?.entry;
  if (last !== undefined) own.released = last.offset;
  for (const { message, entry } of committed) {
    if (message !== undefined && entry !== undefined) own.touched.add(message.group);
  }
  return { released: committed };
}

async function releaseOne(runtime: Runtime, own: Ownership, item: Turned): Promise<void> {
  const { judged, message } = item;
  switch (judged.verdict) {
    case 'accepted': {
      const { group, owed, notices } = judged.turned;
      await sendOwed(runtime, own, group, owed);
      await answer(runtime, item, notices);
      if (judged.answeredType !== undefined) await runtime.outlet.room(judged.answeredType);
      return;
    }
    case 'duplicate':
      if (message?.type === timerFired) await own.timers.forget(message);
      return answer(runtime, item, judged.notices);
    case 'ignored':
      return answer(runtime, item, []);
    case 'parked': {
      const problem = { ok: false, code: 'parked', message: `request "${message?.group ?? ''}" is parked: ${judged.reason}; this is kept for \`millrace unpark\`` };
      return answer(runtime, item, [{ kind: 'reply', data: problem }]);
    }
    case 'rejected':
      await answer(runtime, item, [{ kind: 'reply', data: { ok: false, code: judged.code, message: judged.reason } }]);
      if ('delivery' in item.arrival) {
        const { properties, body } = item.arrival.delivery;
        await reject(runtime, { ...properties, body }, judged.reason);
      }
  }
}

function answer(runtime: Runtime, { message, entry }: Turned, notices: readonly Notice[]): Promise<void> {
  if (message === undefined) return Promise.resolve();
  const source = entry ?? { group: message.group, seq: 0, meta: message.meta };
  return sendAnswers(runtime, answersTo(source, notices));
}

/** Acks the whole batch on the channel that delivered it. */
function ack(own: Ownership, { released }: Released): void {
  const last = released.findLast(({ arrival }) => 'delivery' in arrival)?.arrival;
  if (last !== undefined && 'delivery' in last) own.channel.ackUpTo(last.delivery.tag);
}

