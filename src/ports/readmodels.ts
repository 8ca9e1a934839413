/**
 * ReadModels: what people ask about, folded from the journal by the tracker (architecture, section 9).
 * Never the truth: it may be behind, and can be made again from the journal at any time.
 */
import type { TrackedAttempt, TrackedJob, TrackedRequest } from '../../machines/tracked.ts';

export type RequestDocument = { id: string; partition: number } & TrackedRequest;

/** `seq`: of the request's entry that the row is from. */
export type JobDocument = { request: string; job: number; seq: number } & TrackedJob;

/** A row of the job log. */
export type AttemptDocument = { request: string; seq: number } & TrackedAttempt;

/** What a running attempt says of itself: a signal, gone when the attempt ends. */
export type StatusDocument = {
  request: string;
  job: number;
  attempt: number;
  text: string;
  /** Epoch milliseconds. */
  at: number;
};

/** A job that has begun and not ended, with what it says. */
export type RunningDocument = JobDocument & { text?: string; saidAt?: number };

/** How many are in each state; a state that none is in is left out. */
export type Counts = {
  requests: Readonly<Record<string, number>>;
  jobs: Readonly<Record<string, number>>;
};

/** One document a partition: how far its journal is applied, and what that came to. */
export type AppliedDocument = { partition: number; applied: number; counts: Counts };

/** What a range of a partition's journal changed; of each row only what it came to. */
export type Page = AppliedDocument & {
  /** The offset that the range begins after. */
  after: number;
  requests: readonly RequestDocument[];
  /** Gone through once: a new chain may have 100,000. */
  jobs: Iterable<JobDocument>;
  attempts: readonly AttemptDocument[];
};

/** All conditions must hold. */
export type RequestFilter = {
  type?: string;
  user?: string;
  /** One of these, in the machines' own words. */
  states?: readonly string[];
  /** Arguments of the request by name; values as text. */
  args?: Readonly<Record<string, string>>;
  labels?: Readonly<Record<string, string>>;
  /** Not finished, or finished after this; epoch milliseconds. */
  since?: number;
  /** Created before this; epoch milliseconds. */
  until?: number;
  /** At most this many; default: all. */
  limit?: number;
  /** Leaves out this many first; default 0. */
  offset?: number;
};

export interface ReadModels {
  /** The document of a partition, at zero before its first; rejects with MillraceError `store` when what is stored cannot be used, and must be cleared. */
  applied(partition: number): Promise<AppliedDocument>;
  /** Stores rows where their seq is not lower, then the partition's document if it is still applied up to `after`; answers whether it was. */
  apply(page: Page): Promise<boolean>;
  /** One request; undefined when it is not known. */
  request(id: string): Promise<RequestDocument | undefined>;
  /** Requests by when they were created, newest first, then by id. */
  find(filter: RequestFilter): Promise<RequestDocument[]>;
  /** All jobs of a request in plan order. */
  jobs(request: string): Promise<JobDocument[]>;
  /** The job log of a request, by job and attempt. */
  attempts(request: string): Promise<AttemptDocument[]>;
  /** Jobs that have begun and not ended, of one request or of all, the longest running first. */
  running(request?: string): Promise<RunningDocument[]>;
  /** Counts of all partitions together. */
  counts(): Promise<Counts>;
  /** Stores what attempts that have not ended say; of each job only the newest. */
  say(statuses: readonly StatusDocument[]): Promise<void>;
  /** Forgets everything, and makes usable what is damaged or gone. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
