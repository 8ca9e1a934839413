/** Documents of the read models as rows of their tables, and back; absent fields are NULL. */
import type {
  AttemptDocument,
  JobDocument,
  RequestDocument,
  RunningDocument,
} from '../../ports/readmodels.ts';
import type { Value } from './connection.ts';

export type RequestRow = [
  id: string,
  partition: number,
  seq: number,
  root: string,
  type: string,
  state: string,
  args: string,
  user: string | null,
  labels: string | null,
  parked: string | null,
  kept: number,
  counts: string,
  total: number,
  resumption: number,
  created: number,
  started: number | null,
  finished: number | null,
  updated: number,
  retries: string | null,
  span: number,
];

export const requestColumns =
  'id, partition, seq, root, type, state, args, user, labels, parked, kept, counts, total, resumption, created, started, finished, updated, retries, span';

/** Of what has not finished. */
const endless = 63;

/** Every value of `span`, and how long such requests have lasted at most, in milliseconds. */
export const spans: readonly number[] = Array.from({ length: endless + 1 }, (_, span) =>
  span === endless ? Infinity : 2 ** span,
);

/** How long it lasted, in powers of two: what was under way at a time is found among few of each. */
function spanOf({ createdAt, finishedAt = Infinity }: RequestDocument): number {
  return spans.findIndex((most) => finishedAt - createdAt < most || most === Infinity);
}

export type JobRow = [
  job: number,
  seq: number,
  name: string,
  type: string,
  state: string,
  attempts: number,
  started: number | null,
  attempted: number | null,
  finished: number | null,
  reason: string | null,
];

export const jobColumns =
  'job, seq, name, type, state, attempts, started, attempted, finished, reason';

export type AttemptRow = [
  job: number | string,
  attempt: number,
  seq: number,
  name: string,
  type: string | null,
  state: string,
  started: number | null,
  finished: number | null,
  reason: string | null,
  exit: number | string | null,
  stdout: string | null,
  stderr: string | null,
];

export const attemptColumns =
  'job, attempt, seq, name, type, state, started, finished, reason, exit, stdout, stderr';

export function toRequestRow(request: RequestDocument): RequestRow {
  return [
    request.id,
    request.partition,
    request.seq,
    request.root,
    request.type,
    request.state,
    request.args,
    request.user ?? null,
    request.labels === undefined ? null : JSON.stringify(request.labels),
    printable(request.parked),
    request.kept,
    JSON.stringify(request.counts),
    request.total,
    request.resumption,
    request.createdAt,
    request.startedAt ?? null,
    request.finishedAt ?? null,
    request.updatedAt,
    request.retryOf ?? null,
    spanOf(request),
  ];
}

export function toRequest(row: RequestRow): RequestDocument {
  const [id, partition, seq, root, type, state, args, user, labels, parked, kept] = row;
  const [counts, total, resumption, createdAt, started, finished, updatedAt, retryOf] =
    afterKept(row);
  return {
    id,
    partition,
    seq,
    root,
    type,
    state,
    args,
    ...(user !== null && { user }),
    ...(labels !== null && { labels: toLabels(labels) }),
    ...(retryOf !== null && { retryOf }),
    ...(parked !== null && { parked }),
    kept,
    counts: toCounts(counts),
    total,
    resumption,
    createdAt,
    ...(started !== null && { startedAt: started }),
    ...(finished !== null && { finishedAt: finished }),
    updatedAt,
  };
}

function afterKept(row: RequestRow) {
  const [, , , , , , , , , , , ...rest] = row;
  return rest;
}

export function toJobRow(job: JobDocument): Value[] {
  return [
    job.job,
    job.seq,
    printable(job.name),
    job.type,
    job.state,
    job.attempts,
    job.startedAt ?? null,
    job.attemptAt ?? null,
    job.finishedAt ?? null,
    printable(job.reason),
  ];
}

export function toJob(request: string, row: JobRow): JobDocument {
  const [job, seq, name, type, state, attempts, started, attempted, finished, reason] = row;
  return {
    request,
    job,
    seq,
    name,
    type,
    state,
    attempts,
    ...(started !== null && { startedAt: started }),
    ...(attempted !== null && { attemptAt: attempted }),
    ...(finished !== null && { finishedAt: finished }),
    ...(reason !== null && { reason }),
  };
}

export type RunningRow = [request: string, text: string | null, at: number | null, ...JobRow];

export function toRunning([request, text, at, ...row]: RunningRow): RunningDocument {
  return {
    ...toJob(request, row),
    ...(text !== null && { text }),
    ...(at !== null && { saidAt: at }),
  };
}

export function toAttemptRow(attempt: AttemptDocument): Value[] {
  return [
    attempt.job,
    attempt.attempt,
    attempt.seq,
    printable(attempt.name),
    attempt.type ?? null,
    attempt.state,
    attempt.startedAt ?? null,
    attempt.finishedAt ?? null,
    printable(attempt.reason),
    attempt.exit ?? null,
    printable(attempt.stdout),
    printable(attempt.stderr),
  ];
}

export function toAttempt(request: string, row: AttemptRow): AttemptDocument {
  const [job, attempt, seq, name, type, state, started, finished, reason, exit, stdout, stderr] =
    row;
  return {
    request,
    job,
    attempt,
    seq,
    name,
    ...(type !== null && { type }),
    state,
    ...(started !== null && { startedAt: started }),
    ...(finished !== null && { finishedAt: finished }),
    ...(reason !== null && { reason }),
    ...(exit !== null && { exit }),
    ...(stdout !== null && { stdout }),
    ...(stderr !== null && { stderr }),
  };
}

/** SQLite reads a text back only up to a NUL, which a program may well print: its picture takes its place. */
export function printable(text: string | undefined): string | null {
  if (text === undefined) return null;
  return text.includes('\0') ? text.replaceAll('\0', '\u2400') : text;
}

/** A cast: this adapter alone writes the column. */
function toCounts(text: string): Record<string, number> {
  return JSON.parse(text) as Record<string, number>;
}

/** A cast, as above. */
function toLabels(text: string): Record<string, string> {
  return JSON.parse(text) as Record<string, string>;
}
