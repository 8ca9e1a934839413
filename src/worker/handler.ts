/** Runs a handler in this process; in the child of an isolated job this process is that child. */
import type { HandlerWork, JobDefinition } from '../definitions.ts';
import type { Clock } from '../ports/clock.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import type { z } from 'zod';
import { answerFor, failed } from './answers.ts';
import type { Outcome } from './answers.ts';
import type { Run } from './execution.ts';
import { inputOf } from './input.ts';

export type Handler = JobDefinition & HandlerWork<z.ZodType, unknown>;

export type HandlerRunOptions = {
  start: AttemptStart;
  definition: Handler;
  clock: Clock;
  /** A handler that has timed out may take this long to end, then its attempt has failed without it. */
  graceMs: number;
};

export function runHandler({ start, definition, clock, graceMs }: HandlerRunOptions): Run {
  return async (work) => {
    const { status, answer } = work;
    const { context, problem, writes } = inputOf(start, definition, {
      get signal() {
        return work.signal;
      },
      status,
    });
    if (problem !== undefined) {
      answer({ ...failed(problem, writes()), final: true });
      return;
    }
    const { timeoutMs } = start;
    let takeBack: (() => void) | undefined;
    const onAbort = (): void => {
      if (!work.isAborted('TimeoutError')) return;
      const reason = `timed out after ${timeoutMs} ms and ignored its signal for ${graceMs} ms`;
      takeBack = clock.after(graceMs, () => answer(failed(reason, writes())));
    };
    if (timeoutMs !== undefined) work.signal.addEventListener('abort', onAbort);
    const outcome = await outcomeOf(() => definition.run(context));
    takeBack?.();
    answer(answerFor(outcome, { writes: writes(), isAborted: work.isAborted, timeoutMs }));
  };
}

/** What became of a call of the user's. */
export async function outcomeOf<Result>(
  call: () => Result | Promise<Result>,
): Promise<Outcome<Result>> {
  try {
    return { result: await call() };
  } catch (error) {
    return { error };
  }
}
