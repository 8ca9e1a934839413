/** Runs an attempt that is held, and tells what it says of itself to whoever follows it. */
import type { Answer } from './answers.ts';
import { execute } from './execution.ts';
import type { Execution } from './execution.ts';
import type { Held } from './held.ts';
import type { WorkerOptions } from './options.ts';
import { runOf } from './run.ts';

export type RunningOptions = {
  worker: WorkerOptions;
  graceMs: number;
  onAnswer(answer: Answer): void;
};

export function executeHeld(
  { start, lane }: Held,
  { worker, graceMs, onAnswer }: RunningOptions,
): Execution {
  const { clock, processes } = worker;
  const { requestId, jobId, attempt, answer } = start;
  const signal = <T extends object>(said: T) => ({
    ...{ requestId, jobId, actor: answer.to, attempt, ...said },
    at: clock.now(),
  });
  return execute({
    start,
    run: runOf(lane.definition, { start, clock, graceMs, processes }),
    clock,
    onAnswer,
    onStatus: (text) => worker.onStatus?.(signal({ text })),
    onOutput: (piece) => worker.onOutput?.(signal(piece)),
  });
}
