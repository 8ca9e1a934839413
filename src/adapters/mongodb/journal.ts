/** The journal in MongoDB: one document an entry, in the order of `_id`; an append is one ordered insert. */
import type { Entry, Journal, PartitionDocument } from '../../ports/journal.ts';
import { appender } from './append.ts';
import { putHighest, writtenNow } from './bulk.ts';
import type { Collections, EntryDocument, ReleasedDocument } from './collections.ts';
import { majority, type Connection } from './connection.ts';
import { endOf, idOf, offsetOf, toEntry } from './entryDocument.ts';
import type { Lazy, WriteQueue } from './writes.ts';

const page = 256;

export type Part = { connection: Connection; collections: Collections; queue: WriteQueue };

/** Opens the journal of a store. `blobs` are written before an append, all else that waits beside it. */
export function mongoJournal(part: Part, blobs: Lazy<unknown>): Journal {
  const { connection, collections, queue } = part;
  const documents = queue.table<ReleasedDocument>({
    phase: 3,
    merge: (waiting, next) => (next.at.released >= waiting.at.released ? next : waiting),
    write: (list) => putHighest({ connection, collection: 'partitions' }, 'at', list),
  });

  return {
    append: appender(part, blobs),
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
