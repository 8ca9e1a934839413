/** Takes in a batch: decodes each message, and brings its group into memory if it is not there. */
import { groupUnpark } from '../protocol/commands.ts';
import { inlineBytes } from '../protocol/envelope.ts';
import { MillraceError, PermanentError } from '../protocol/errors.ts';
import { sha256 } from '../protocol/hash.ts';
import { partitionKey, partitionOf } from '../protocol/topology.ts';
import { namesChunks, withChunks } from './bodies.ts';
import { isForOwner } from '../protocol/forOwner.ts';
import { decode } from './incoming.ts';
import type { Incoming } from './incoming.ts';
import { emptyResident, loadGroup } from './load.ts';
import type { Arrival } from './mailbox.ts';
import { owedNow } from './obligations.ts';
import type { Ownership } from './ownership.ts';
import type { Resident } from './parking.ts';
import type { Runtime } from './runtime.ts';
import { sendOwed } from './send.ts';
import type { Loaded } from './turns.ts';

/** Takes in at least one, and no more than there is room for in this turn of the event loop. */
export async function load(
  runtime: Runtime,
  own: Ownership,
  arrivals: readonly Arrival[],
): Promise<Loaded[]> {
  const loaded: Loaded[] = [];
  for (const arrival of arrivals) {
    loaded.push(await loadOne(runtime, own, arrival));
    if (loaded.length >= runtime.pace.mostNow) break;
  }
  return loaded;
}

/** Decodes, and brings the group into memory if it is not there. */
async function loadOne(runtime: Runtime, own: Ownership, arrival: Arrival): Promise<Loaded> {
  try {
    const given = 'own' in arrival ? arrival.own : decode(arrival.delivery);
    const message = isWhole(given) ? given : await withBody(runtime, given);
    if (isForOwner(message.type))
      return { arrival, message, resident: emptyResident(message.group) };
    const known = own.residents.get(message.group);
    const resident = isCurrent(known, message) ? known : await bring(runtime, own, message);
    return { arrival, message, resident };
  } catch (thrown) {
    if (!(thrown instanceof PermanentError)) throw thrown;
    return { arrival, refusal: thrown.message };
  }
}

/** Nothing of it lies elsewhere, or is to be put there. */
function isWhole(message: Incoming): boolean {
  const { blob, body } = message;
  if (blob !== undefined || (body !== undefined && body.length > inlineBytes)) return false;
  return !namesChunks(message);
}

/** With its body, and the chunks that it names, in memory. */
async function withBody(runtime: Runtime, bare: Incoming): Promise<Incoming> {
  const message =
    bare.blob === undefined
      ? asBlob(runtime, bare)
      : { ...bare, body: await stored(runtime.store.blobs.get(bare.blob)) };
  return namesChunks(message) ? stored(withChunks(runtime, message)) : message;
}

/** A body over 64 KiB is stored once, by hash; the entry names it. */
function asBlob({ store, log }: Runtime, message: Incoming): Incoming {
  if (message.body === undefined || message.body.length <= inlineBytes) return message;
  const blob = sha256(message.body);
  // Not awaited: the port makes it durable before the append that names it.
  store.blobs.put(new Map([[blob, message.body]])).catch((err: unknown) => {
    log.warn({ err, blob, request: message.group }, 'blob not stored');
  });
  return { ...message, blob };
}

/** What is missing is the message's fault, not the partition's. */
async function stored<T>(found: Promise<T>): Promise<T> {
  try {
    return await found;
  } catch (cause) {
    if (!(cause instanceof MillraceError) || cause.code !== 'store') throw cause;
    throw new PermanentError(cause.message, { cause });
  }
}

/** In memory; a group that could not be followed is loaded again when it is unparked. */
function isCurrent(known: Resident | undefined, { type }: Incoming): known is Resident {
  return known !== undefined && !(known.isBroken === true && type === groupUnpark);
}

/** A group that is begun in a second partition would be there twice. */
function refuseElsewhere({ store }: Runtime, own: Ownership, { type, group }: Incoming): void {
  const home = partitionOf(group, store.partitions);
  if (home === own.partition) return;
  const keys = `${partitionKey(home)}, not ${partitionKey(own.partition)}`;
  throw new PermanentError(
    `"${type}" for ${group} came to the wrong partition: it lives in ${keys}`,
  );
}

async function bring(runtime: Runtime, own: Ownership, message: Incoming): Promise<Resident> {
  const known = own.residents.get(message.group);
  refuseElsewhere(runtime, own, message);
  const place = { partition: own.partition, id: message.group };
  const resident = await loadGroup(runtime, place, own.recent.take(message.group));
  own.residents.set(message.group, resident);
  runtime.pace.goOn(1);
  runtime.memory.note(own, resident.group);
  const hasComeRight = known?.isBroken === true && resident.parked === undefined;
  if (hasComeRight) {
    await sendOwed(runtime, own, resident.group, owedNow(resident.group.obligations));
  }
  return resident;
}
