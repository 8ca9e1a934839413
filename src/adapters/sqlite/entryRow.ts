/** An entry as a row of the journal's table, and back; absent and empty fields are NULL, to keep the file small. */
import type { Entry, EntryMeta, Transition } from '../../ports/journal.ts';
import type { Value } from './connection.ts';
import { partitionSpan } from './schema.ts';

export type Row = [
  id: number,
  token: string,
  group: string | null,
  seq: number,
  at: number,
  type: string,
  to: string | null,
  meta: string | null,
  body: string | null,
  blob: string | null,
  transitions: string | null,
  parked: string | null,
];

/** In the order of `Row`. */
export const columns =
  'id, token, grp, seq, at, type, recipient, meta, body, blob, transitions, parked';

/** The journal's integer key of an entry. */
export function idOf(entry: Entry): number {
  return entry.partition * partitionSpan + entry.offset;
}

/** An entry as its columns. */
export function toRow(entry: Entry): Value[] {
  const { meta, transitions } = entry;
  return [
    idOf(entry),
    entry.token,
    entry.group ?? null,
    entry.seq,
    entry.at,
    entry.type,
    entry.to ?? null,
    meta && Object.keys(meta).length > 0 ? JSON.stringify(meta) : null,
    entry.body ?? null,
    entry.blob ?? null,
    transitions.length > 0
      ? JSON.stringify(transitions.map(({ actor, from, to }) => [actor, from, to]))
      : null,
    entry.parked ?? null,
  ];
}

/** Columns as the entry that they were made of. */
export function toEntry([
  id,
  token,
  group,
  seq,
  at,
  type,
  to,
  meta,
  body,
  blob,
  transitions,
  parked,
]: Row): Entry {
  const entry: Entry = {
    partition: Math.floor(id / partitionSpan),
    offset: id % partitionSpan,
    token,
    seq,
    at,
    type,
    transitions: transitions === null ? [] : toTransitions(transitions),
  };
  if (group !== null) entry.group = group;
  if (to !== null) entry.to = to;
  if (meta !== null) entry.meta = toMeta(meta);
  if (body !== null) entry.body = body;
  if (blob !== null) entry.blob = blob;
  if (parked !== null) entry.parked = parked;
  return entry;
}

// Casts: this file alone writes these columns.
function toMeta(text: string): EntryMeta {
  return JSON.parse(text) as EntryMeta;
}

function toTransitions(text: string): Transition[] {
  return (JSON.parse(text) as [string, string, string][]).map(([actor, from, to]) => ({
    actor,
    from,
    to,
  }));
}
