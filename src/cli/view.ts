/** How a request is watched: redrawn in place on a terminal, plain lines elsewhere; always on stderr. */
import type { OutputSignal } from '../protocol/attempts.ts';
import type { RequestStatus, RequestTransition } from '../reader.ts';
import { count } from './print.ts';
import { linesOf, oneLine } from './text.ts';

export type View = {
  /** The request as it stands, and what its running jobs say, by job name. */
  show(status: RequestStatus, says: ReadonlyMap<string, string>): void;
  /** Shows each change of state; only what is verbose has it. */
  moved?: (transition: RequestTransition) => void;
  /** Shows what child processes print; only what is verbose has it. */
  printed?: (output: OutputSignal) => void;
  /** A line that stays. */
  note(line: string): void;
  /** Gives the terminal back; may be called twice. */
  end(): void;
};

/** `sort-1 | what it printed`, a line each; more may have been printed than is followed. */
export function printedLines({ jobId, text, skipped = 0 }: OutputSignal): string[] {
  const left = skipped > 0 ? [`… ${count(skipped)} bytes …`] : [];
  return [...left, ...linesOf(text)].map((line) => `${oneLine(jobId)} | ${line}`);
}

/** `complete: hash-file-17`, or nothing for what is not worth a line. */
export function lineOf({ actor, to }: RequestTransition): string | undefined {
  const isWorthIt = to === 'COMPLETE' || to === 'FAIL' || to === 'STOPPED' || to === 'WAITING';
  if (!actor.startsWith('job/') || !isWorthIt) return undefined;
  const word = to === 'WAITING' ? 'will be tried again' : to.toLowerCase();
  return `${word}: ${actor.slice('job/'.length)}`;
}
