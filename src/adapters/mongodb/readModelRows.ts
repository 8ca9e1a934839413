/** Documents of the port as documents of the read models' collections, and back. */
import type {
  AttemptDocument,
  JobDocument,
  RequestDocument,
  StatusDocument,
} from '../../ports/readmodels.ts';
import { writtenNow } from './bulk.ts';
import type { AttemptRow, JobRow, RequestRow, StatusRow } from './readModelCollections.ts';
import { wordsOf } from '../../ports/findWords.ts';

const digits = 9;

export function toRequestRow({ id, seq, labels, counts, ...rest }: RequestDocument): RequestRow {
  return {
    _id: id,
    row: {
      seq,
      ...writtenNow(),
      ...rest,
      ...(rest.parked !== undefined && { parked: printable(rest.parked) }),
      ...(labels !== undefined && { labels: JSON.stringify(labels) }),
      counts: JSON.stringify(counts),
      words: wordsOf(rest.args, labels),
    },
  };
}

export function toRequest({ _id, row }: RequestRow): RequestDocument {
  const { labels, counts, words: _words, written: _written, ...rest } = row;
  return {
    id: _id,
    ...rest,
    ...(labels !== undefined && { labels: toRecord<string>(labels) }),
    counts: toRecord<number>(counts),
  };
}

/** The `_id` of a job's row, and of its status; in the order of jobs. */
function jobId(request: string, job: number): string {
  return `${request}/${padded(job)}`;
}

export function toJobRow({ request, job, seq, ...rest }: JobDocument): JobRow {
  const texts = {
    name: printable(rest.name),
    ...(rest.reason !== undefined && { reason: printable(rest.reason) }),
  };
  return { _id: jobId(request, job), row: { seq, ...writtenNow(), ...rest, ...texts } };
}

export function toJob({ _id, row: { written: _written, ...rest } }: JobRow): JobDocument {
  const slash = _id.lastIndexOf('/');
  return { request: _id.slice(0, slash), job: Number(_id.slice(slash + 1)), ...rest };
}

export function toAttemptRow({ request, seq, ...rest }: AttemptDocument): AttemptRow {
  const job = typeof rest.job === 'number' ? padded(rest.job) : rest.job;
  const texts = Object.entries({
    name: rest.name,
    reason: rest.reason,
    stdout: rest.stdout,
    stderr: rest.stderr,
  });
  const printed = texts.flatMap(([name, text]) =>
    text === undefined ? [] : [[name, printable(text)]],
  );
  return {
    _id: `${request}/${job}/${padded(rest.attempt)}`,
    row: { seq, ...writtenNow(), ...rest, ...(Object.fromEntries(printed) as object) },
  };
}

export function toAttempt({
  _id,
  row: { written: _written, ...rest },
}: AttemptRow): AttemptDocument {
  return { request: _id.slice(0, _id.indexOf('/')), ...rest };
}

/** Numbered jobs first, then others by their names. */
export function byJobAndAttempt(one: AttemptDocument, other: AttemptDocument): number {
  if (one.job === other.job) return one.attempt - other.attempt;
  if (typeof one.job === 'number' && typeof other.job === 'number') return one.job - other.job;
  if (typeof one.job !== typeof other.job) return typeof one.job === 'number' ? -1 : 1;
  return one.job < other.job ? -1 : 1;
}

export function toStatusRow({ request, job, attempt, text, at }: StatusDocument): StatusRow {
  return {
    _id: jobId(request, job),
    said: { attempt, ...writtenNow(), text: printable(text), at },
  };
}

function padded(number: number): string {
  return String(number).padStart(digits, '0');
}

/** A NUL, which a program may well print, as its picture, as in every store. */
function printable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\u2400') : text;
}

/** A cast: this file alone writes the field. */
function toRecord<T>(text: string): Record<string, T> {
  return JSON.parse(text) as Record<string, T>;
}
