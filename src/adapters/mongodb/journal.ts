/** The journal in MongoDB: one document an entry, in the order of `_id`; an append is one ordered insert. */
import { DocumentError } from '../../protocol/errors.ts';
import type { Appended, Entry, Journal, PartitionDocument } from '../../ports/journal.ts';
import { putHighest, writtenNow } from './bulk.ts';
import type { Collections, EntryDocument, ReleasedDocument } from './collections.ts';
import { durable, type Connection } from './connection.ts';
import { endOf, idOf, offsetOf, refusal, soundOf, toEntry } from './entryDocument.ts';
import { faultsOf } from './errors.ts';
import type { Lazy, WriteQueue } from './writes.ts';

const page = 256;
const majority = { readConcern: { level: 'majority' } } as const;

export type Part = { connection: Connection; collections: Collections; queue: WriteQueue };

/** Opens the journal of a store. `blobs` are written before an append, all else that waits beside it. */
export function mongoJournal(part: Part, blobs: Lazy<unknown>): Journal {
  const { connection, collections, queue } = part;
  const documents = queue.table<ReleasedDocument>({
    phase: 3,
    merge: (waiting, next) => (next.at.released >= waiting.at.released ? next : waiting),
    write: (list) => putHighest({ connection, collection: 'partitions' }, 'at', list),
  });
  const appends = appender(part, blobs);

  return {
    append: (entries) => appends(entries),
    head: (partition) => head(part, partition),
    lastBefore: (partition, at) => lastBefore(part, partition, at),
    async *read(partition, after) {
      const next = (id: string) =>
        connection.run('read the journal', () =>
          collections.journal
            .find({ _id: { $gt: id, $lt: endOf(partition) } }, majority)
            .sort({ _id: 1 })
            .limit(page)
            .toArray(),
        );
      yield* paged(next, idOf(partition, after), ({ _id }) => _id);
    },
    async *readGroup(partition, group, after) {
      const next = (seq: number) =>
        connection.run(`read the entries of ${group}`, () =>
          collections.journal
            .find({ partition, group, seq: { $gt: seq } }, majority)
            .sort({ partition: 1, group: 1, seq: 1 })
            .limit(page)
            .toArray(),
        );
      yield* paged(next, after, ({ seq }) => seq);
    },
    async partition(partition) {
      await documents.settle();
      const found = await connection.run(`read partition ${partition}`, () =>
        collections.partitions.findOne({ _id: partition }, majority),
      );
      return found === null ? undefined : toPartition(found);
    },
    checkpoint: (document) => documents.add([[String(document.partition), toReleased(document)]]),
  };
}

/** Appends of a partition go one after another, as they were asked for. */
function appender(part: Part, blobs: Lazy<unknown>): Journal['append'] {
  const last = new Map<number, Promise<unknown>>();
  /** The highest offset of a partition that is known to exist. */
  const known = new Map<number, number>();
  return async (entries) => {
    const { documents, bytes, fault } = soundOf(entries);
    const partition = entries[0]?.partition ?? 0;
    const write = async (): Promise<Appended> => {
      const outcome = await append(part, { entries, documents, bytes, known, blobs });
      if (fault !== undefined && outcome.outcome === 'appended') throw fault;
      return outcome;
    };
    const written = (last.get(partition) ?? Promise.resolve()).then(write, write);
    last.set(partition, written);
    return written;
  };
}

type Append = {
  entries: readonly Entry[];
  documents: EntryDocument[];
  bytes: number;
  known: Map<number, number>;
  blobs: Lazy<unknown>;
};

/** The insert, after the blobs that it may name, beside all else that was queued before. */
async function append({ queue, ...part }: Part, asked: Append): Promise<Appended> {
  if (asked.blobs.isDirty()) await asked.blobs.settle();
  const [waited, inserted] = await Promise.allSettled([queue.settle(), insert(part, asked)]);
  if (inserted.status === 'rejected') throw inserted.reason;
  // Fenced or not, the caller must know which of its entries are there.
  if (waited.status === 'rejected' && inserted.value.outcome === 'appended') throw waited.reason;
  return inserted.value;
}

async function insert(
  { connection, collections: { journal } }: Omit<Part, 'queue'>,
  { entries, documents, bytes, known }: Append,
): Promise<Appended> {
  const [first, last] = [entries[0], entries[documents.length - 1]];
  if (first === undefined || last === undefined) return { outcome: 'appended' };
  await checkFollows(connection, journal, { first, known });
  connection.writing(documents.length, bytes);
  return connection.run(
    `append entry ${first.offset} to partition ${first.partition}`,
    async () => {
      try {
        await journal.insertMany(documents, { ordered: true, ...durable });
        known.set(last.partition, last.offset);
        return { outcome: 'appended' };
      } catch (error) {
        return answered(entries, error);
      }
    },
  );
}

/** What the first document that was not inserted met; those before it are there. */
function answered(entries: readonly Entry[], error: unknown): Appended {
  const fault = faultsOf(error)?.[0];
  const entry = entries[fault?.index ?? entries.length];
  if (fault === undefined || entry === undefined) throw error;
  if (fault.meaning === 'duplicate') return { outcome: 'duplicate', offset: entry.offset };
  if (fault.meaning === 'document') throw refusal(fault.index, entry, fault.reason, error);
  throw error;
}

type Following = { first: Entry; known: Map<number, number> };

/** An append must leave no gap; after one's own append that is known. */
async function checkFollows(
  connection: Connection,
  journal: Collections['journal'],
  { first: { partition, offset }, known }: Following,
): Promise<void> {
  if (offset <= 1 || (known.get(partition) ?? 0) >= offset - 1) return;
  const before = idOf(partition, offset - 1);
  const found = await connection.run(`read entry ${before}`, () =>
    journal.findOne({ _id: before }, { projection: { _id: 1 }, ...majority }),
  );
  if (found !== null) return;
  throw new DocumentError(
    0,
    `Offset ${offset} of partition ${partition} would leave a gap; nothing was written.`,
  );
}

async function head({ connection, collections }: Part, partition: number): Promise<number> {
  const [newest] = await connection.run(`read the head of partition ${partition}`, () =>
    collections.journal
      .find({ _id: { $gt: idOf(partition, 0), $lt: endOf(partition) } }, majority)
      .project<{ _id: string }>({ _id: 1 })
      .sort({ _id: -1 })
      .limit(1)
      .toArray(),
  );
  return newest === undefined ? 0 : offsetOf(newest._id);
}

/** Offsets are dense and times never fall: the place is found by halving. */
async function lastBefore(part: Part, partition: number, at: number): Promise<number> {
  const { connection, collections } = part;
  let [low, high] = [0, await head(part, partition)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const entry = await connection.run('read the journal', () =>
      collections.journal.findOne({ _id: idOf(partition, middle) }, { projection: { at: 1 } }),
    );
    if ((entry?.at ?? Infinity) < at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Page by page: no cursor of the server's waits for whoever reads. */
async function* paged<K>(
  next: (after: K) => Promise<EntryDocument[]>,
  after: K,
  key: (document: EntryDocument) => K,
): AsyncGenerator<Entry> {
  for (let place = after; ;) {
    const documents = await next(place);
    for (const document of documents) yield toEntry(document);
    const end = documents.at(-1);
    if (end === undefined || documents.length < page) return;
    place = key(end);
  }
}

function toReleased(document: PartitionDocument): ReleasedDocument {
  const { partition, released, epoch, versions, owing } = document;
  const rest = { epoch, versions: JSON.stringify(versions), owing: [...owing] };
  return { _id: partition, at: { released, ...writtenNow(), ...rest } };
}

function toPartition({ _id, at }: ReleasedDocument): PartitionDocument {
  const { released, epoch, versions, owing } = at;
  // A cast: this file alone writes the field.
  const named = JSON.parse(versions) as PartitionDocument['versions'];
  return { partition: _id, released, epoch, versions: named, owing };
}
