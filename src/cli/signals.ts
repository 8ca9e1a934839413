/** Ctrl-C suspends, a second one leaves at once; SIGTERM ends this process and leaves the request as it is. */
import { exitCodes } from './exit.ts';

export type SignalOptions = {
  /** The first Ctrl-C. */
  onInterrupt: () => void;
  /** The first SIGTERM. */
  onTerminate: () => void;
  /** Before the process leaves at once. */
  onLeave: () => void;
};

/** Returns what ends it. */
export function watchSignals({ onInterrupt, onTerminate, onLeave }: SignalOptions): () => void {
  let first: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (first === undefined) {
      first = signal;
      if (signal === 'SIGINT') onInterrupt();
      else onTerminate();
      return;
    }
    if (first === 'SIGINT' && signal === 'SIGTERM') {
      first = signal;
      onTerminate();
      return;
    }
    onLeave();
    process.exit(first === 'SIGINT' ? exitCodes.suspended : exitCodes.couldNotRun);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}
