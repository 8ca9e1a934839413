/**
 * One execution of one attempt: gives the user's handler its context, watches time-out, cancel and
 * shutdown, and answers once. The worker around it decides when it runs and where the answer goes.
 */
import type { JobContext, JobDefinition } from '../definitions.ts';
import type { Clock } from '../ports/clock.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import { failed, returned, stopped, threw } from './answers.ts';
import type { Answer, DataWrites } from './answers.ts';
import { mergeData } from './data.ts';
import { createStatusLine } from './status.ts';

export type ExecutionOptions = {
  start: AttemptStart;
  definition: JobDefinition;
  clock: Clock;
  /** A handler that has timed out may take this long to end. */
  graceMs: number;
  /** Called at most once; never after `abandon()`. */
  onAnswer(answer: Answer): void;
  onStatus(text: string): void;
};

export type Execution = {
  /** Stop was asked for: aborts the signal; the answer waits for the handler's end. */
  cancel(): void;
  /** The worker shuts down: aborts the signal; whatever happens later is not answered. */
  abandon(): void;
  /** The handler has really ended. */
  readonly ended: Promise<void>;
};

type Abort = 'cancel' | 'timeout' | 'shutdown';
type Outcome = { result: unknown } | { error: unknown };

/** Starts the handler; args that do not fit the job's schema fail for good without it. */
export function execute(options: ExecutionOptions): Execution {
  const { start, definition, clock, graceMs, onAnswer } = options;
  const controller = new AbortController();
  const status = createStatusLine(clock, options.onStatus);
  const context = contextOf(start, controller.signal, status.say);
  const before = JSON.stringify(context.data);
  const takeBack: (() => void)[] = [];
  let aborted: Abort | undefined;
  let answered = false;

  function writes(): DataWrites {
    return { jobId: start.jobId, data: context.data, before, merged: start.data.length > 1 };
  }

  function answer(given: Answer): void {
    if (answered || aborted === 'shutdown') return;
    answered = true;
    for (const each of takeBack) each();
    onAnswer(given);
  }

  function abort(why: Abort, reason: Error): void {
    if (aborted !== undefined || answered) return;
    aborted = why;
    for (const each of takeBack) each();
    controller.abort(reason);
  }

  function timeOut(timeoutMs: number): void {
    const reason = `timed out after ${timeoutMs} ms`;
    const ignored = `${reason} and ignored its signal for ${graceMs} ms`;
    takeBack.push(clock.after(graceMs, () => answer(failed(ignored, writes()))));
    aborted = 'timeout';
    controller.abort(named('TimeoutError', reason));
  }

  function answerFor(outcome: Outcome): Answer {
    if (aborted === 'timeout') return failed(`timed out after ${start.timeoutMs} ms`, writes());
    if ('result' in outcome) return returned(outcome.result, writes());
    return aborted === 'cancel' ? stopped(writes()) : threw(outcome.error, writes());
  }

  async function run(): Promise<void> {
    const args = parseArgs(definition, start);
    if ('problem' in args) {
      answer({ ...failed(args.problem, writes()), final: true });
      return;
    }
    context.args = args.value;
    const outcome = await handle(definition, context);
    status.end();
    answer(answerFor(outcome));
  }

  const { timeoutMs } = start;
  if (timeoutMs !== undefined) takeBack.push(clock.after(timeoutMs, () => timeOut(timeoutMs)));
  return {
    cancel: () => abort('cancel', named('Stopped', 'stop was asked for')),
    abandon: () => abort('shutdown', named('Shutdown', 'the worker shuts down')),
    ended: Promise.resolve().then(run),
  };
}

async function handle(definition: JobDefinition, context: JobContext<unknown>): Promise<Outcome> {
  try {
    return { result: await definition.run(context) };
  } catch (error) {
    return { error };
  }
}

function contextOf(
  start: AttemptStart,
  signal: AbortSignal,
  status: (text: string) => void,
): JobContext<unknown> {
  const { requestId, jobId, attempt } = start;
  return {
    args: undefined,
    data: mergeData(start.data),
    resultsOf: (job) => resultsOf(start, job.type),
    signal,
    status,
    requestId,
    jobId,
    attempt,
    attemptKey: `${requestId}/${jobId}/${attempt}`,
    jobKey: `${requestId}/${jobId}`,
  };
}

/** The type is the definition's promise: what its handler returned has been through JSON since. */
function resultsOf<Result>({ results }: AttemptStart, type: string): Result[] {
  return Object.hasOwn(results, type) ? ([...(results[type] ?? [])] as Result[]) : [];
}

function parseArgs(
  { type, args }: JobDefinition,
  start: AttemptStart,
): { value: unknown } | { problem: string } {
  const remedy = `correct the chain's plan, or the args schema of job type "${type}"`;
  const job = `job "${start.jobId}" (${type})`;
  try {
    const parsed = args.safeParse(start.args);
    if (parsed.success) return { value: parsed.data };
    const issues = parsed.error.issues.map(
      ({ path, message }) => `${['args', ...path.map(String)].join('.')}: ${message}`,
    );
    return { problem: `${job} was given args that do not fit: ${issues.join('; ')}; ${remedy}` };
  } catch (error) {
    return { problem: `${job}: its args schema threw: ${String(error)}; ${remedy}` };
  }
}

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
