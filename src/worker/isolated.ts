/** Runs a job of this program in a child process of its own; `isolatedChild.ts` is the other end. */
import type { Clock } from '../ports/clock.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import { messageOf } from '../protocol/errors.ts';
import { answerFor, failed, noWrites, stopped } from './answers.ts';
import type { Answer } from './answers.ts';
import { badEnd, followChild, outputOf } from './childRun.ts';
import type { Followed } from './childRun.ts';
import type { Child } from './children/child.ts';
import type { Children } from './children/children.ts';
import type { Run, RunContext } from './execution.ts';
import { readFromChild } from './isolatedMessages.ts';
import type { DefinitionsSource, ToChild } from './isolatedMessages.ts';

/** How isolated jobs are started. */
export type Isolation = {
  /** Path of the child's program. */
  program: string;
  source: DefinitionsSource;
};

export type IsolatedRunOptions = {
  start: AttemptStart;
  clock: Clock;
  children: Children;
  isolation: Isolation;
  /** Its process may take this long to end once it has answered, or was told to. */
  graceMs: number;
};

export function runIsolated(options: IsolatedRunOptions): Run {
  const { start, clock, children, isolation, graceMs } = options;
  return async (context) => {
    const { signal } = context;
    let given: Answer | undefined;
    let child: Child | undefined;
    let hasSpoken = false;
    const send = (message: ToChild): void => child?.send(message);
    const onAbort = (): void => {
      const { name, message } = signal.reason as Error & { name: 'Stopped' };
      send({ type: 'abort', name, message });
    };
    const onMessage = (raw: unknown): void => {
      const message = readFromChild(raw);
      if (message === undefined || given !== undefined) return;
      if (message.type === 'status') {
        hasSpoken = true;
        context.status(message.text);
      } else {
        given = message.answer;
        child?.endInTime();
      }
    };

    try {
      const ended = await followChild(
        { argv: [process.execPath, ...children.execArgv, isolation.program], onMessage },
        {
          ...{ children, clock, context },
          isStatus: () => !hasSpoken,
          onStarted(begun) {
            child = begun;
            send({ type: 'run', source: isolation.source, start });
            signal.addEventListener('abort', onAbort);
          },
        },
      );
      context.answer({ ...(given ?? unanswered(ended, context)), ...outputOf(ended) });
    } catch (thrown) {
      const error = new Error(`its process could not be started: ${messageOf(thrown)}`);
      const { isAborted } = context;
      const { timeoutMs } = start;
      context.answer(answerFor({ error }, { writes: noWrites, isAborted, timeoutMs }));
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  };

  function unanswered(ended: Followed, { isAborted }: RunContext): Answer {
    if (isAborted('Stopped')) return stopped(noWrites);
    if (!isAborted('TimeoutError'))
      return failed(badEnd('before it answered, its process', ended), noWrites);
    const reason = `timed out after ${start.timeoutMs} ms and ignored its signal for ${graceMs} ms`;
    return failed(`${reason}; its process was killed`, noWrites);
  }
}
