/** An entry as a document of the journal, and back; absent and empty fields are left out. */
import { DocumentError, messageOf } from '../../protocol/errors.ts';
import type { Entry, Transition } from '../../ports/journal.ts';
import { sizeOf } from './bulk.ts';
import type { EntryDocument } from './collections.ts';

/** Servers that speak MongoDB's protocol may take larger ones, and choke on them later. */
const maxEntryBytes = 8 * 1024 * 1024;

const offsetDigits = 12;

/** The `_id` of a place in the journal; as text in the order of offsets. */
export function idOf(partition: number, offset: number): string {
  return `${prefixOf(partition)}/${String(offset).padStart(offsetDigits, '0')}`;
}

/** Where the `_id`s of a partition end: the character after the slash. */
export function endOf(partition: number): string {
  return `${prefixOf(partition)}0`;
}

function prefixOf(partition: number): string {
  return String(partition).padStart(2, '0');
}

/** The offset that an `_id` names. */
export function offsetOf(id: string): number {
  return Number(id.slice(id.indexOf('/') + 1));
}

function toDocument(entry: Entry): EntryDocument {
  const { partition, offset, token, group, seq, at, type, to, meta, body, blob, parked } = entry;
  const { transitions } = entry;
  return {
    _id: idOf(partition, offset),
    partition,
    token,
    ...(group !== undefined && { group }),
    seq: group === undefined ? offset : seq,
    at,
    type,
    ...(to !== undefined && { to }),
    ...(meta !== undefined && Object.keys(meta).length > 0 && { meta: { ...meta } }),
    ...(body !== undefined && { body }),
    ...(blob !== undefined && { blob }),
    ...(transitions.length > 0 && {
      transitions: JSON.stringify(
        transitions.map(({ actor, from, to: state }) => [actor, from, state]),
      ),
    }),
    ...(parked !== undefined && { parked }),
  };
}

/** A document as the entry that it was made of. */
export function toEntry({ _id, group, seq, transitions, ...rest }: EntryDocument): Entry {
  return {
    ...rest,
    offset: offsetOf(_id),
    ...(group !== undefined && { group }),
    seq: group === undefined ? 0 : seq,
    transitions: transitions === undefined ? [] : toTransitions(transitions),
  };
}

/** A cast: this file alone writes the field. */
function toTransitions(text: string): Transition[] {
  return (JSON.parse(text) as [string, string, string][]).map(([actor, from, to]) => ({
    actor,
    from,
    to,
  }));
}

export type Sound = { documents: EntryDocument[]; bytes: number; fault?: DocumentError };

/** The documents of entries up to the first that cannot be stored, whatever the journal holds. */
export function soundOf(entries: readonly Entry[]): Sound {
  const documents: EntryDocument[] = [];
  let bytes = 0;
  for (const [index, entry] of entries.entries()) {
    const first = entries[0];
    if (entry.partition !== first?.partition || entry.offset !== first.offset + index) {
      const reason = 'offsets of one append follow each other in one partition';
      return { documents, bytes, fault: refusal(index, entry, reason) };
    }
    const document = toDocument(entry);
    const size = measured(document);
    if (typeof size === 'string') return { documents, bytes, fault: refusal(index, entry, size) };
    documents.push(document);
    bytes += size;
  }
  return { documents, bytes };
}

/** Bytes as BSON, or why it cannot be stored. */
function measured(document: EntryDocument): number | string {
  try {
    const size = sizeOf(document);
    if (size <= maxEntryBytes) return size;
    const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
    return `it has ${mebibytes(size)} MiB, and an entry may have ${mebibytes(maxEntryBytes)}`;
  } catch (error) {
    return messageOf(error);
  }
}

/** Of the entry at `index` of an append. */
export function refusal(
  index: number,
  entry: Entry,
  reason: string,
  cause?: unknown,
): DocumentError {
  return new DocumentError(
    index,
    `Entry ${entry.offset} of partition ${entry.partition} (${entry.type}, group ${entry.group ?? 'none'}) cannot be stored: ${reason}.`,
    { cause },
  );
}
