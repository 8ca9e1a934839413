/**
 * One execution of one attempt: watches time-out, cancel and shutdown, and answers once. How the work is
 * done is a `Run`: in this process (`handler.ts`), a program (`program.ts`), a child (`isolated.ts`).
 */
import type { Clock } from '../ports/clock.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import { abortError } from './aborted.ts';
import type { AbortName } from './aborted.ts';
import type { Answer } from './answers.ts';
import type { OutputPiece } from './outputFeed.ts';
import { createStatusLine } from './status.ts';

/** What a run is given, and how it is heard. */
export type RunContext = {
  /** Its reason's name says why: `TimeoutError`, `Stopped`, `Shutdown`, `Lost`. */
  readonly signal: AbortSignal;
  /** Whether it was aborted for this; asking makes no signal. */
  isAborted(name: AbortName): boolean;
  status(text: string): void;
  /** The first one counts. */
  answer(answer: Answer): void;
  output(piece: OutputPiece): void;
};

/** Does the work of one attempt; resolves when it has really ended, and never rejects. */
export type Run = (context: RunContext) => Promise<void>;

export type ExecutionOptions = {
  start: AttemptStart;
  run: Run;
  clock: Clock;
  /** Called at most once; never after `abandon()` or `lose()`. */
  onAnswer(answer: Answer): void;
  onStatus(text: string): void;
  onOutput(piece: OutputPiece): void;
};

export type Execution = {
  /** Stop was asked for: aborts the signal; the answer waits for the work's end. */
  cancel(): void;
  /** The worker shuts down: aborts the signal; whatever happens later is not answered. */
  abandon(): void;
  /** Its group has given it to another worker, or awaits it no more: as `abandon()`. */
  lose(): void;
  /** The work has really ended. */
  readonly ended: Promise<void>;
};

/**
 * The signal is made when it is asked for: most work never asks. A class, as each object literal with a
 * getter is of a hidden class of its own, which keeps all that the getter sees until old memory is collected.
 */
class Told implements RunContext {
  readonly isAborted: RunContext['isAborted'];
  readonly status: RunContext['status'];
  readonly answer: RunContext['answer'];
  readonly output: RunContext['output'];
  readonly #controller: AbortController;

  constructor(told: Omit<RunContext, 'signal'>, controller: AbortController) {
    this.isAborted = told.isAborted;
    this.status = told.status;
    this.answer = told.answer;
    this.output = told.output;
    this.#controller = controller;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }
}

export function execute(options: ExecutionOptions): Execution {
  const { start, run, clock, onAnswer } = options;
  const { timeoutMs } = start;
  const controller = new AbortController();
  const status = createStatusLine(clock, options.onStatus);
  let takeBack: (() => void) | undefined;
  let isAnswered = false;
  let isAbandoned = false;
  let aborted: Error | undefined;

  function answer(given: Answer): void {
    if (isAnswered || isAbandoned) return;
    isAnswered = true;
    takeBack?.();
    onAnswer(given);
  }

  /** False when the work was aborted or answered before. */
  function abort(reason: Error): boolean {
    if (aborted !== undefined || isAnswered) return false;
    aborted = reason;
    takeBack?.();
    controller.abort(reason);
    return true;
  }

  async function work(): Promise<void> {
    const isAborted = (name: AbortName): boolean => aborted?.name === name;
    const told = { isAborted, status: status.say, answer, output: options.onOutput };
    await run(new Told(told, controller));
    status.end();
  }

  if (timeoutMs !== undefined) {
    takeBack = clock.after(timeoutMs, () =>
      abort(abortError('TimeoutError', `timed out after ${timeoutMs} ms`)),
    );
  }
  return {
    cancel: () => void abort(abortError('Stopped', 'stop was asked for')),
    abandon() {
      isAbandoned = abort(abortError('Shutdown', 'the worker shuts down'));
    },
    lose() {
      isAbandoned = true;
      abort(abortError('Lost', 'its group does not wait for this execution any more'));
    },
    ended: Promise.resolve().then(work),
  };
}
