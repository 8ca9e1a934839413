/** The journal in SQLite: one row an entry, ordered by an integer made of partition and offset. */
import { DocumentError } from '../../protocol/errors.ts';
import type { Appended, Entry, Journal, PartitionDocument } from '../../ports/journal.ts';
import { isValueFault, type CommitQueue } from './commit.ts';
import { sqliteFault, type Connection, type Value } from './connection.ts';
import { columns, idOf, toEntry, toRow, type Row } from './entryRow.ts';
import { partitionSpan } from './schema.ts';

type DocumentRow = [
  partition: number,
  released: number,
  epoch: string,
  versions: string,
  owing: string,
];

const page = 256;

/** Opens the journal of a store; appends are committed by `queue`. */
export function sqliteJournal(connection: Connection, queue: CommitQueue): Journal {
  const insert = connection.write(
    `INSERT INTO journal (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const exists = connection.query<[number]>('SELECT 1 FROM journal WHERE id = ?');
  const last = connection.query<[number]>(
    'SELECT id FROM journal WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1',
  );
  const timeOf = connection.query<[number]>('SELECT at FROM journal WHERE id = ?');
  const range = connection.query<Row>(
    `SELECT ${columns} FROM journal WHERE id > ? AND id < ? ORDER BY id LIMIT ${page}`,
  );
  const grouped = connection.query<Row>(
    `SELECT ${columns} FROM journal WHERE grp = ? AND seq > ? AND id >= ? AND id < ? ORDER BY seq LIMIT ${page}`,
  );
  const document = connection.query<DocumentRow>(
    'SELECT partition, released, epoch, versions, owing FROM partitions WHERE partition = ?',
  );
  const putDocument = connection.write(`
    INSERT INTO partitions (partition, released, epoch, versions, owing) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (partition) DO UPDATE SET released = excluded.released, epoch = excluded.epoch,
      versions = excluded.versions, owing = excluded.owing
    WHERE excluded.released >= released`);

  function head(partition: number): number {
    const start = partition * partitionSpan;
    const id = last(start, start + partitionSpan)[0]?.[0];
    return id === undefined ? 0 : id - start;
  }

  /** Of the newest entry of each partition that was appended here: what follows it need not look for it. */
  const appended = new Map<number, number>();

  function follows(entry: Entry): boolean {
    const { partition, offset } = entry;
    if (offset === 1 || appended.get(partition) === offset - 1) return true;
    return exists(idOf(entry) - 1).length > 0;
  }

  function write(entries: readonly Entry[], rows: readonly Value[][]): Appended {
    const first = entries[0];
    if (first !== undefined && !follows(first)) {
      throw new DocumentError(
        0,
        `Offset ${first.offset} of partition ${first.partition} would leave a gap; nothing was written.`,
      );
    }
    for (const [index, entry] of entries.entries()) {
      try {
        insert(...(rows[index] ?? []));
      } catch (error) {
        if (isTaken(error)) return { outcome: 'duplicate', offset: entry.offset };
        throw isValueFault(error) ? refusal(index, entry, String(error), error) : error;
      }
    }
    return { outcome: 'appended' };
  }

  return {
    async append(entries) {
      const fault = findFault(entries);
      // What comes before a faulty entry is written all the same.
      const sound = fault === undefined ? entries : entries.slice(0, fault.index);
      const rows = sound.map(toRow);
      const outcome = await queue.append(() => {
        const written = write(sound, rows);
        if (fault !== undefined && written.outcome === 'appended') throw fault;
        return written;
      });
      const last = entries.at(-1);
      if (last !== undefined && outcome.outcome === 'appended')
        appended.set(last.partition, last.offset);
      return outcome;
    },
    head: async (partition) => head(partition),
    async lastBefore(partition, at) {
      // Offsets are dense and times never fall: the place is found by halving.
      let low = 0;
      let high = head(partition);
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        const [time = Infinity] = timeOf(partition * partitionSpan + middle)[0] ?? [];
        if (time < at) low = middle;
        else high = middle - 1;
      }
      return low;
    },
    async *read(partition, after) {
      const end = (partition + 1) * partitionSpan;
      yield* paged(
        (id) => range(id, end),
        partition * partitionSpan + after,
        (row) => row[0],
      );
    },
    async *readGroup(partition, group, after) {
      const start = partition * partitionSpan;
      yield* paged(
        (seq) => grouped(group, seq, start, start + partitionSpan),
        after,
        (row) => row[3],
      );
    },
    async partition(partition) {
      queue.settle('partitions');
      const row = document(partition)[0];
      return row && toDocument(row);
    },
    checkpoint({ partition, released, epoch, versions, owing }) {
      const values = [partition, released, epoch, JSON.stringify(versions), JSON.stringify(owing)];
      return queue.later('partitions', () => putDocument(...values));
    },
  };
}

// Page by page, so that no cursor is open while a transaction ends.
function* paged(
  next: (after: number) => Row[],
  after: number,
  key: (row: Row) => number,
): Generator<Entry> {
  for (;;) {
    const rows = next(after);
    for (const row of rows) yield toEntry(row);
    const end = rows[rows.length - 1];
    if (end === undefined || rows.length < page) return;
    after = key(end);
  }
}

// SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE and _ROWID.
const taken = new Set([1555, 2067, 2579]);

function isTaken(error: unknown): boolean {
  return taken.has(sqliteFault(error)?.code ?? 0);
}

/** The first entry that cannot be stored whatever the journal holds. */
function findFault(entries: readonly Entry[]): DocumentError | undefined {
  const first = entries[0];
  for (const [index, entry] of entries.entries()) {
    if (entry.partition !== first?.partition || entry.offset !== first.offset + index) {
      return refusal(index, entry, 'offsets of one append follow each other in one partition');
    }
    // SQLite reads a text back only up to a NUL; JSON never holds one.
    if (
      [entry.token, entry.group, entry.type, entry.to, entry.body].some((text) =>
        text?.includes('\0'),
      )
    ) {
      return refusal(index, entry, 'it holds a NUL character');
    }
  }
  return undefined;
}

function refusal(index: number, entry: Entry, reason: string, cause?: unknown): DocumentError {
  return new DocumentError(
    index,
    `Entry ${entry.offset} of partition ${entry.partition} (${entry.type}, group ${entry.group ?? 'none'}) cannot be stored: ${reason}.`,
    { cause },
  );
}

function toDocument([partition, released, epoch, versions, owing]: DocumentRow): PartitionDocument {
  return {
    partition,
    released,
    epoch,
    versions: JSON.parse(versions) as PartitionDocument['versions'],
    owing: JSON.parse(owing) as PartitionDocument['owing'],
  };
}
