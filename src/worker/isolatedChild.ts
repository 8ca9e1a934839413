/** The child's end of an isolated job: runs it as the worker would, and tells the worker how it went. */
import { abortError, isAborted } from './aborted.ts';
import { failed, noWrites } from './answers.ts';
import { messageOf } from '../protocol/errors.ts';
import type { JobDefinition } from '../definitions.ts';
import type { Clock } from '../ports/clock.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import { runHandler } from './handler.ts';
import { readToChild } from './isolatedMessages.ts';
import type { DefinitionsSource, FromChild } from './isolatedMessages.ts';
import { createStatusLine } from './status.ts';

export type IsolatedChildOptions = {
  clock: Clock;
  /** Finds the jobs; what it throws fails the attempt. */
  load(source: DefinitionsSource, type: string): Promise<JobDefinition>;
};

/** Does what the parent says, once, and leaves the process. */
export function serveIsolated({ clock, load }: IsolatedChildOptions): void {
  const controller = new AbortController();
  // To end is said by a message, which has the reason; the signal is for what job code has started.
  process.on('SIGTERM', () => undefined);
  process.on('disconnect', () => process.exit(1));
  process.on('message', (raw) => {
    const message = readToChild(raw);
    if (message?.type === 'run') void run(message.start, message.source);
    else if (message?.type === 'abort') controller.abort(abortError(message.name, message.message));
  });

  async function run(start: AttemptStart, source: DefinitionsSource): Promise<void> {
    const status = createStatusLine(clock, (text) => tell({ type: 'status', text }));
    try {
      const definition = await load(source, start.jobType);
      if (definition.command !== undefined) throw new Error(`job "${start.jobType}" is a program`);
      // The parent ends whoever ignores its signal.
      const handler = runHandler({ start, definition, clock, graceMs: Infinity });
      await handler({
        signal: controller.signal,
        isAborted: (name) => isAborted(controller.signal, name),
        status: status.say,
        answer: (answer) => tell({ type: 'answer', answer }, () => process.exit(0)),
        output: () => undefined,
      });
    } catch (thrown) {
      const answer = failed(messageOf(thrown), noWrites);
      tell({ type: 'answer', answer }, () => process.exit(0));
    }
  }
}

/** What job code leaves open must not keep the process, so that it ends once its answer is out. */
function tell(message: FromChild, onTold: () => void = () => undefined): void {
  process.send?.(message, undefined, undefined, onTold);
}
