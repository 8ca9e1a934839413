/**
 * The per-job state of a chain: rows in persistent chunks, queues of ready jobs, and the counters from
 * which the chain decides without a scan. `turn.ts` changes it, `chain.ts` asks it questions.
 */
import { at, chunkSize, Editing, find, mapChunks } from './chunks.ts';
import type { Chunks } from './chunks.ts';
import type { PlanJob, PlanSequence } from './graph.ts';

export { edit, find, toChunks } from './chunks.ts';
export type { Chunks } from './chunks.ts';

export type RowState = 'pending' | 'running' | 'complete' | 'failed' | 'stopped';

/** One job as the chain knows it; a running one also has a job actor (specification 12.5). */
export type Row = {
  state: RowState;
  /** Total tries, never reset (totalJobTries). */
  attempts: number;
  /** Tries since the last sequence retry (latestRunJobTries). */
  tries: number;
  /** Parents that are not complete. */
  open: number;
  /** Order number, in the chain, of the answer that `data` is from. */
  done?: number;
  /** Value reference of a complete job's result. */
  result?: number;
  /** Value reference of the job's map: what its children get, or its own so far. */
  data?: number;
  /** A no-op's map, when it joins several: value references to be merged in order. */
  merged?: readonly number[];
  /** It stands in the queue of its type. */
  ready: boolean;
  /** It waits for a retry, so no attempt of it is unanswered. */
  waiting?: true;
};

export type SequenceRow = {
  /** Tries that were started (sequenceTries). */
  tries: number;
  /** Running jobs of it and of the sequences nested in it. */
  running: number;
  /** A failed job of it: it is retried when the last running job has answered. */
  retrying?: number;
  /** Its first job waits for the sequence's retry wait. */
  waiting?: true;
};

/** First in, first out; a cursor instead of a removal. Entries whose row is not `ready` are stale. */
export type Queue = { readonly from: number; readonly jobs: Chunks<number> };

export type Counts = Readonly<Record<RowState, number>>;

export type Progress = {
  readonly rows: Chunks<Row>;
  readonly sequences: Chunks<SequenceRow>;
  /** Ready jobs by job type. */
  readonly ready: Readonly<Record<string, Queue>>;
  /** Unanswered attempts by job type. */
  readonly started: Readonly<Record<string, number>>;
  readonly counts: Counts;
  /** Sequences in their retry wait. */
  readonly waits: number;
  /** Answers so far: the order in which data is merged. */
  readonly answers: number;
};

/** Rows of jobs that nothing has happened to: alike ones are one, as wide chains have very many of them. */
const freshRows: Row[] = [];

const mostFreshRows = 1000;

/** The row of a job that nothing has happened to. */
export function freshRow(open: number): Row {
  const row = freshRows[open] ?? { state: 'pending', attempts: 0, tries: 0, open, ready: false };
  if (open < mostFreshRows) freshRows[open] = row;
  return row;
}

/** Such a row once its job is queued. */
export const readyRow: Row = { state: 'pending', attempts: 0, tries: 0, open: 0, ready: true };

/** Whether it is the row of a job that nothing has happened to; after a restore none is, which costs only a copy. */
export function isFresh(row: Row): boolean {
  return freshRows[row.open] === row;
}

/** All jobs pending, nothing queued. */
export function noProgress(jobs: Chunks<PlanJob>, sequences: Chunks<PlanSequence>): Progress {
  const untried: SequenceRow = { tries: 0, running: 0 };
  return {
    rows: mapChunks(jobs, ({ parents }) => freshRow(parents.length)),
    sequences: mapChunks(sequences, () => untried),
    ready: {},
    started: {},
    counts: { pending: jobs.size, running: 0, complete: 0, failed: 0, stopped: 0 },
    waits: 0,
    answers: 0,
  };
}

/** Every direct parent is complete and the job has not begun (specification 12.2). */
export function isRunnable(row: Row): boolean {
  return row.state === 'pending' && row.open === 0;
}

/** No job runs, so none will answer. */
export function isIdle(progress: Progress): boolean {
  return progress.counts.running === 0;
}

/**
 * Nothing runs and nothing will: a running chain is over (specification 12.2, *done*). What is
 * runnable has been started before this is asked, and a sequence is held only while a job of it runs.
 */
export function isDone(progress: Progress): boolean {
  return isIdle(progress) && progress.waits === 0;
}

export function isComplete({ rows, counts }: Progress): boolean {
  return counts.complete === rows.size;
}

export function hasFailed({ counts }: Progress): boolean {
  return counts.failed > 0;
}

/** Jobs that are complete (finishedJobs, specification 12.5): a rollback takes them back. */
export function finishedJobs({ counts }: Progress): number {
  return counts.complete;
}

export function isRunning({ rows }: Progress, job: number): boolean {
  return find(rows, job)?.state === 'running';
}

/** Numbers of the jobs in a state: a scan, for commands and queries only. */
export function jobsIn({ rows }: Progress, state: RowState): number[] {
  const found: number[] = [];
  for (let job = 0; job < rows.size; job += 1) {
    if (at(rows, job).state === state) found.push(job);
  }
  return found;
}

/** A queue during a turn. */
export class Queueing {
  readonly #before: Queue | undefined;
  readonly #jobs: Editing<number>;
  #from: number;

  constructor(queue: Queue | undefined) {
    this.#before = queue;
    this.#jobs = new Editing(queue?.jobs ?? { size: 0, chunks: [] });
    this.#from = queue?.from ?? 0;
  }

  push(job: number): void {
    this.#jobs.push(job);
  }

  take(): number | undefined {
    if (this.#from === this.#jobs.size) return undefined;
    const job = this.#jobs.at(this.#from);
    this.#from += 1;
    return job;
  }

  /** The queue after the turn without the chunks that have been taken; undefined when empty. */
  done(): Queue | undefined {
    const jobs = this.#jobs.done();
    const { size, chunks } = jobs;
    if (this.#from === size) return undefined;
    if (this.#from === this.#before?.from && jobs === this.#before.jobs) return this.#before;
    const taken = Math.floor(this.#from / chunkSize);
    if (taken === 0) return { from: this.#from, jobs };
    const rest = { size: size - taken * chunkSize, chunks: chunks.slice(taken) };
    return { from: this.#from - taken * chunkSize, jobs: rest };
  }
}
