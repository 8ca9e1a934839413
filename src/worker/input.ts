/** What job code is given of an attempt: parsed args, merged data, results of its parents, keys. */
import type { JobDefinition, ProgramContext } from '../definitions.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import type { DataWrites } from './answers.ts';
import { mergeData } from './data.ts';

export type Input = {
  context: ProgramContext<unknown>;
  /** Why the args do not fit the job's schema, which no retry mends. */
  problem?: string;
  /** What job code has left in `data` by now. */
  writes(): DataWrites;
};

/** Reads an attempt for its job; `more` is added to the context. */
export function inputOf<More extends object>(
  start: AttemptStart,
  definition: JobDefinition,
  more: More,
): Input & { context: More } {
  const args = parseArgs(definition, start);
  // Not a copy of `more`: what it makes on demand is still made on demand.
  const context = Object.assign(more, contextOf(start, args.value));
  const before = JSON.stringify(context.data);
  const merged = start.data.length > 1;
  return {
    context,
    ...(args.problem !== undefined && { problem: args.problem }),
    writes: () => ({ jobId: start.jobId, data: context.data, before, merged }),
  };
}

function contextOf(start: AttemptStart, args: unknown): ProgramContext<unknown> {
  const { requestId, jobId, attempt } = start;
  return {
    args,
    data: mergeData(start.data),
    resultsOf: (job) => resultsOf(start, job.type),
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
): { value?: unknown; problem?: string } {
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
