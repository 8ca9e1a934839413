/** Appends to the journal: what is checked before an entry is written, and what its outcome says. */
import { DocumentError } from '../../protocol/errors.ts';
import type { Appended, Entry, Journal } from '../../ports/journal.ts';
import { AppendQueue } from './appendQueue.ts';
import { majority } from './connection.ts';
import { idOf, refusal, soundOf, type Sound } from './entryDocument.ts';
import { toMillraceError, type Fault } from './errors.ts';
import type { Part } from './journal.ts';
import type { Lazy } from './writes.ts';

/**
 * The journal's `append`: of one partition one after another, as they were asked for. `blobs` are written
 * before, all else that waits beside it.
 */
export function appender(part: Part, blobs: Lazy<unknown>): Journal['append'] {
  const own: Own = { ...part, blobs, inserts: new AppendQueue(part), known: new Map() };
  const last = new Map<number, Promise<unknown>>();
  return async (entries) => {
    const sound = soundOf(entries);
    const partition = entries[0]?.partition ?? 0;
    const write = async (): Promise<Appended> => {
      const outcome = await append(own, entries, sound);
      if (sound.fault !== undefined && outcome.outcome === 'appended') throw sound.fault;
      return outcome;
    };
    const written = (last.get(partition) ?? Promise.resolve()).then(write, write);
    last.set(partition, written);
    return written;
  };
}

type Own = Part & {
  blobs: Lazy<unknown>;
  inserts: AppendQueue;
  /** The highest offset of a partition that is known to exist. */
  known: Map<number, number>;
};

async function append(own: Own, entries: readonly Entry[], sound: Sound): Promise<Appended> {
  if (own.blobs.isDirty()) await own.blobs.settle();
  const [waited, inserted] = await Promise.allSettled([
    own.queue.settle(),
    insert(own, entries, sound),
  ]);
  if (inserted.status === 'rejected') throw inserted.reason;
  // Fenced or not, the caller must know which of its entries are there.
  if (waited.status === 'rejected' && inserted.value.outcome === 'appended') throw waited.reason;
  return inserted.value;
}

async function insert(
  own: Own,
  entries: readonly Entry[],
  { documents, bytes }: Sound,
): Promise<Appended> {
  const [first, last] = [entries[0], entries[documents.length - 1]];
  if (first === undefined || last === undefined) return { outcome: 'appended' };
  await checkFollows(own, first);
  const fault = await own.inserts.insert({ documents, bytes });
  if (fault !== undefined) return answered(own, entries, fault);
  own.known.set(last.partition, last.offset);
  return { outcome: 'appended' };
}

/** What the first document that was not inserted met; those before it are there. */
function answered({ connection }: Own, entries: readonly Entry[], fault: Fault): Appended {
  const entry = entries[fault.index];
  if (entry !== undefined && fault.meaning === 'duplicate')
    return { outcome: 'duplicate', offset: entry.offset };
  if (entry !== undefined && fault.meaning === 'document')
    throw refusal(fault.index, entry, fault.reason, fault.cause);
  throw toMillraceError(fault.cause, 'append', connection.name);
}

/** An append must leave no gap; after one's own append that is known. */
async function checkFollows(
  { connection, collections, known }: Own,
  { partition, offset }: Entry,
): Promise<void> {
  if (offset <= 1 || (known.get(partition) ?? 0) >= offset - 1) return;
  const before = idOf(partition, offset - 1);
  const found = await connection.run(`read entry ${before}`, () =>
    collections.journal.findOne({ _id: before }, { projection: { _id: 1 }, ...majority }),
  );
  if (found !== null) return;
  throw new DocumentError(
    0,
    `Offset ${offset} of partition ${partition} would leave a gap; nothing was written.`,
  );
}
