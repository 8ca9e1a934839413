/**
 * What users define: jobs and chains, as plain data that any copy of this package understands.
 * `gateway/plan.ts` runs a chain's `plan`, `worker/` runs a job's `run`.
 */
import type { z } from 'zod';
import type { Plan } from '../machines/graph.ts';
import { checkAcl } from './auth/acl.ts';
import type { AclEntry } from './auth/acl.ts';
import { checkNumber, checkType, checkWork } from './definitionChecks.ts';
import type { SequenceSpec } from './spec/types.ts';

/** Retry of a job. */
export type RetryOptions = {
  /** Attempts in all, the first included; default 1. */
  attempts?: number;
  /** Between a failed attempt and the next; default 0. */
  waitMs?: number;
};

/** What a handler is given. */
export type JobContext<Args> = {
  args: Args;
  /** Merged data of the jobs before it; what is set here goes on to the jobs after it, and to the next attempt. JSON only. */
  data: Record<string, unknown>;
  /** Results of the direct parents of that type, in plan order. */
  resultsOf: <Result>(job: JobDefinition<z.ZodType, Result>) => Result[];
  /** Aborted on stop, suspend, time-out and shutdown; end soon after. */
  signal: AbortSignal;
  /** Says what the job is doing, for people who watch; at most one a second is shown. */
  status: (text: string) => void;
  requestId: string;
  /** Name of the job inside its request. */
  jobId: string;
  /** From 1, over all retries; never reused. */
  attempt: number;
  /** Names this attempt, for what may happen once an attempt: `request/job/attempt`. */
  attemptKey: string;
  /** Names this job, for what must not happen twice across retries: `request/job`. */
  jobKey: string;
};

/** What a program's command is made from: no signal, as the program is told to end by SIGTERM. */
export type ProgramContext<Args> = Omit<JobContext<Args>, 'signal' | 'status'>;

/** How a program has ended, and what it printed: of each stream the first 4 KiB and the last 28 KiB. */
export type ProgramEnd = { exit: number; stdout: string; stderr: string };

/** What a create step is given. */
export type CreateContext<Args> = {
  args: Args;
  /** Name of the job inside its request. */
  jobId: string;
};

/** Values by name, JSON only. */
type CreatedArgs = Readonly<Record<string, unknown>>;

type Settings<Args extends z.ZodType> = {
  /** Letters, digits, dashes and underscores: names the queue. */
  type: string;
  args: Args;
  /** The attempt fails after this; default: no limit. */
  timeoutMs?: number;
  /** At most this many at a time in one worker; default: the worker's own limit. */
  concurrency?: number;
  /**
   * Called once for each job of a request spec while it is planned, before anything is stored: may check the
   * args, and answers with values that the spec's node passes on by `sets`. What it throws refuses the request.
   */
  create?(
    context: CreateContext<z.output<Args>>,
  ): CreatedArgs | undefined | Promise<CreatedArgs | undefined>;
};

/** Work that is a function of this program. */
export type HandlerWork<Args extends z.ZodType, Result> = {
  /** In a child process of its own, which is killed when it does not end in time; default false. */
  isolate?: boolean;
  run(context: JobContext<z.output<Args>>): Result | Promise<Result>;
  command?: never;
};

type Variables = Readonly<Record<string, string>>;

/** Where a program runs. */
export type ProgramPlace = { cwd?: string | undefined; env?: Variables | undefined };

/** Work that is a program, started without a shell; it succeeds when it exits with 0. */
export type ProgramWork<Args extends z.ZodType, Result> = {
  /** The program and its arguments. */
  command(context: ProgramContext<z.output<Args>>): readonly string[];
  /** Default: this process's own. */
  cwd?: string;
  /** Added to this process's own environment. */
  env?: Variables;
  /** Folder and variables that the args decide; they go before `cwd` and `env`. */
  place?(context: ProgramContext<z.output<Args>>): ProgramPlace;
  /** The job's result; default: none. */
  result?(end: ProgramEnd, context: ProgramContext<z.output<Args>>): Result;
  run?: never;
  isolate?: never;
};

export type JobDefinition<Args extends z.ZodType = z.ZodType, Result = unknown> = Readonly<
  Settings<Args>
> & {
  readonly kind: 'job';
  readonly retry: Required<RetryOptions>;
} & Readonly<HandlerWork<Args, Result> | ProgramWork<Args, Result>>;

/** Options of a job that is a function, and of one that is a program. */
export type HandlerOptions<Args extends z.ZodType, Result> = Settings<Args> &
  HandlerWork<Args, Result> & { retry?: RetryOptions };
export type ProgramOptions<Args extends z.ZodType, Result> = Settings<Args> &
  ProgramWork<Args, Result> & { retry?: RetryOptions };

/** Stands for a job of the plan in `after`. */
export type JobHandle = { readonly name: string };

export type PlanJobOptions = {
  /** Unique in the chain; default: the type and a number, `hash-file-17`. */
  name?: string;
  /** Jobs, or names of jobs, that must be complete before this one starts. */
  after?: JobHandle | string | readonly (JobHandle | string)[];
  retry?: RetryOptions;
  timeoutMs?: number;
};

export type SequenceOptions = {
  /** Times the whole sequence is tried again after a job of it failed for good; default 0. */
  retries?: number;
  /** Before each such try; default 0. */
  waitMs?: number;
};

/** What a chain's `plan` is given. */
export type PlanContext<Args> = {
  args: Args;
  /** Adds a job. */
  job: <JobArgs extends z.ZodType>(
    definition: JobDefinition<JobArgs>,
    args: z.input<JobArgs>,
    options?: PlanJobOptions,
  ) => JobHandle;
  /** Adds what `body` adds as jobs that are retried together; returns what `body` returns. */
  sequence: <T>(name: string, options: SequenceOptions, body: () => T) => T;
};

export type ChainDefinition<Args extends z.ZodType = z.ZodType> = {
  readonly kind: 'chain';
  readonly type: string;
  readonly args: Args;
  /** Unanswered attempts of one job type at a time; default 200. */
  readonly maxStarted: number;
  plan(context: PlanContext<z.output<Args>>): void | Promise<void>;
  /** Who may do what with its requests; without it the deployment's `auth.strict` decides. */
  readonly acl?: readonly AclEntry[];
  /** Of a request spec, and that spec: makes the whole plan of the registered jobs in place of `plan`. */
  readonly planSpec?: (args: unknown, jobs: ReadonlyMap<string, JobDefinition>) => Promise<Plan>;
  readonly spec?: SequenceSpec;
};

export type ChainOptions<Args extends z.ZodType> = {
  type: string;
  args: Args;
  maxStarted?: number;
  /** Who may do what with its requests; without it the deployment's `auth.strict` decides. */
  acl?: readonly AclEntry[];
  plan(context: PlanContext<z.output<Args>>): void | Promise<void>;
};

/** Declares a job type: `run` is a function, `command` a program. Throws MillraceError `definition`. */
export function defineJob<Args extends z.ZodType, Result>(
  options: HandlerOptions<Args, Result>,
): JobDefinition<Args, Awaited<Result>>;
export function defineJob<Args extends z.ZodType, Result = null>(
  options: ProgramOptions<Args, Result>,
): JobDefinition<Args, Result>;
export function defineJob(
  options: HandlerOptions<z.ZodType, unknown> | ProgramOptions<z.ZodType, unknown>,
): JobDefinition {
  const { type, retry, timeoutMs, concurrency } = options;
  checkType('job', type);
  checkWork(options);
  const attempts = retry?.attempts ?? 1;
  const waitMs = retry?.waitMs ?? 0;
  checkNumber(`retry.attempts of job "${type}"`, attempts, 1);
  checkNumber(`retry.waitMs of job "${type}"`, waitMs, 0);
  if (timeoutMs !== undefined) checkNumber(`timeoutMs of job "${type}"`, timeoutMs, 1);
  if (concurrency !== undefined) checkNumber(`concurrency of job "${type}"`, concurrency, 1);
  return { ...options, kind: 'job', retry: { attempts, waitMs } };
}

/** Declares a chain type. Throws MillraceError `definition`. */
export function defineChain<Args extends z.ZodType>(
  options: ChainOptions<Args>,
): ChainDefinition<Args> {
  checkType('chain', options.type);
  const maxStarted = options.maxStarted ?? 200;
  checkNumber(`maxStarted of chain "${options.type}"`, maxStarted, 1);
  checkAcl(options.type, options.acl ?? []);
  return { ...options, kind: 'chain', maxStarted };
}

/** Throw it in a handler: the attempt failed, and the next is made after this while, if retries are left. */
export class RetryAfter extends Error {
  override readonly name = 'RetryAfter';
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Throw it in a handler: the job has stopped on its own accord; it is not retried and its chain fails. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}
