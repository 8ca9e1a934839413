/** Status of one attempt for people who watch: at most one a second goes out, the newest text wins. */
import type { Clock } from '../ports/clock.ts';

const intervalMs = 1000;

export type StatusLine = {
  say(text: string): void;
  /** The attempt is over: nothing more goes out. */
  end(): void;
};

/** Calls `emit` at once for the first text, then at most once a second with the newest. */
export function createStatusLine(clock: Clock, emit: (text: string) => void): StatusLine {
  let takeBack: (() => void) | undefined;
  let newest: string | undefined;
  let ended = false;

  function show(text: string): void {
    newest = undefined;
    takeBack = clock.after(intervalMs, secondOver);
    emit(text);
  }

  function secondOver(): void {
    takeBack = undefined;
    if (newest !== undefined) show(newest);
  }

  return {
    say(text) {
      if (ended) return;
      if (takeBack === undefined) show(text);
      else newest = text;
    },
    end() {
      ended = true;
      takeBack?.();
    },
  };
}
