/** How a job's work is done, by its definition. */
import type { JobDefinition } from '../definitions.ts';
import type { Clock } from '../ports/clock.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import type { Children } from './children/children.ts';
import type { Run } from './execution.ts';
import { runHandler } from './handler.ts';
import { runIsolated } from './isolated.ts';
import type { Isolation } from './isolated.ts';
import { runProgram } from './program.ts';

/** What jobs in processes of their own need. */
export type Processes = { children: Children; isolation: Isolation };

export type RunOptions = {
  start: AttemptStart;
  clock: Clock;
  /** For handlers to end in after a time-out. */
  graceMs: number;
  processes: Processes | undefined;
};

export function runOf(definition: JobDefinition, options: RunOptions): Run {
  const isHandler = definition.command === undefined;
  if (isHandler && definition.isolate !== true) return runHandler({ definition, ...options });
  const { processes } = options;
  if (processes === undefined) throw new Error('this worker starts no processes');
  return isHandler
    ? runIsolated({ ...options, ...processes })
    : runProgram({ ...options, ...processes, definition });
}
