/** Runs a handler in this process; in the child of an isolated job this process is that child. */
import type { HandlerWork, JobDefinition } from '../definitions.ts';
import type { Clock } from '../ports/clock.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import type { z } from 'zod';
import { answerFor, failed } from './answers.ts';
import type { Outcome } from './answers.ts';
import type { Run, RunContext } from './execution.ts';
import { inputOf } from './input.ts';

export type Handler = JobDefinition & HandlerWork<z.ZodType, unknown>;

export type HandlerRunOptions = {
  start: AttemptStart;
  definition: Handler;
  clock: Clock;
  /** A handler that has timed out may take this long to end, then its attempt has failed without it. */
  graceMs: number;
};

/**
 * What a handler is given beside its input. Its signal is made when it is asked for, and is a property of
 * its own, so that a copy of the context has it. All share one getter: see `execution.ts`.
 */
class Own {
  declare readonly signal: AbortSignal;
  readonly status: RunContext['status'];
  readonly #work: RunContext;

  constructor(work: RunContext) {
    this.#work = work;
    this.status = work.status;
    Object.defineProperty(this, 'signal', Own.#signal);
  }

  static readonly #signal = {
    enumerable: true,
    get(this: Own): AbortSignal {
      return this.#work.signal;
    },
  };
}

export function runHandler({ start, definition, clock, graceMs }: HandlerRunOptions): Run {
  return async (work) => {
    const { answer } = work;
    const { context, problem, writes } = inputOf(start, definition, new Own(work));
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
