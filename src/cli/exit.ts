/** Exit codes of the program, and what a person reads when a command fails. */
import { CommanderError } from 'commander';
import { MillraceError } from '../protocol/errors.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import { complain } from './print.ts';
import { linesOf } from './text.ts';

/** What the program answers its caller with. */
export const exitCodes = {
  complete: 0,
  fail: 1,
  usage: 2,
  stopped: 3,
  suspended: 4,
  couldNotRun: 5,
} as const;

/** The exit code of a request's state; one that has not ended counts as could not run. */
export function exitCodeOf(state: string): number {
  if (state === 'COMPLETE') return exitCodes.complete;
  if (state === 'FAIL') return exitCodes.fail;
  if (state === 'STOPPED') return exitCodes.stopped;
  return state === 'SUSPENDED' ? exitCodes.suspended : exitCodes.couldNotRun;
}

/** The caller asked for what cannot be: they must ask differently. */
const usageErrors: ReadonlySet<ErrorCode> = new Set(['usage', 'plan', 'not-found', 'state']);

/** Says what went wrong on stderr and answers with the exit code; the stack only when debugging. */
export function report(thrown: unknown, isDebugging: boolean): number {
  // Commander has said it already.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : exitCodes.usage;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  complain(linesOf(textOf(error)).join('\n'));
  if (isDebugging) process.stderr.write(`${error.stack ?? ''}\n${causeOf(error)}`);
  if (error instanceof MillraceError) {
    return usageErrors.has(error.code) ? exitCodes.usage : exitCodes.couldNotRun;
  }
  if (!isDebugging)
    process.stderr.write('This was not expected; --debug shows where it came from.\n');
  return exitCodes.couldNotRun;
}

/** A list of what could be meant is shown whole. */
function textOf(error: Error): string {
  const isOurs = error instanceof MillraceError && error.code === 'usage';
  return isOurs ? error.message : shorten(error.message);
}

function shorten(message: string): string {
  const lines = message.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  return lines.slice(0, 3).join('\n');
}

function causeOf({ cause }: Error): string {
  return cause instanceof Error ? `caused by ${cause.stack ?? cause.message}\n` : '';
}
