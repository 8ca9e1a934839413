/**
 * What an attempt's child prints, for people who follow it: at most ten pieces a second, of at most 8 KiB,
 * the newest of each stream; says how much it skipped. Nothing waits for whoever reads it.
 */
import type { Clock } from '../ports/clock.ts';
import type { OutputSignal } from '../protocol/attempts.ts';
import { decode, wholeEnd, wholeStart } from './utf8.ts';

export type OutputPiece = Pick<OutputSignal, 'stream' | 'text' | 'skipped'>;
export type StreamName = OutputSignal['stream'];

const intervalMs = 100;
const pieceBytes = 8 * 1024;

export type OutputFeed = {
  push(stream: StreamName, chunk: Buffer): void;
  /** The child has ended: the rest goes out at once. */
  end(): void;
};

type Pending = { bytes: Buffer; skipped: number };

/** Calls `emit` at once for the first piece, then at most every 100 ms, the streams taking turns. */
export function createOutputFeed(clock: Clock, emit: (piece: OutputPiece) => void): OutputFeed {
  const pending = new Map<StreamName, Pending>();
  let takeBack: (() => void) | undefined;

  function show(isLast = false): void {
    const [next] = pending;
    if (next === undefined) return;
    const [stream, { bytes, skipped }] = next;
    pending.delete(stream);
    const whole = isLast ? bytes : wholeStart(bytes);
    // The rest of a character is on its way; what never becomes one goes out at the end.
    if (whole.length < bytes.length)
      pending.set(stream, { bytes: bytes.subarray(whole.length), skipped: 0 });
    if (whole.length > 0) emit({ stream, text: decode(whole), ...(skipped > 0 && { skipped }) });
  }

  function again(): void {
    takeBack = undefined;
    if (pending.size === 0) return;
    takeBack = clock.after(intervalMs, again);
    show();
  }

  return {
    push(stream, chunk) {
      const { bytes, skipped } = pending.get(stream) ?? { bytes: Buffer.alloc(0), skipped: 0 };
      const all = Buffer.concat([bytes, chunk.subarray(-pieceBytes)]);
      const kept = all.length > pieceBytes ? wholeEnd(all.subarray(-pieceBytes)) : all;
      const left = bytes.length + chunk.length - kept.length;
      pending.set(stream, { bytes: kept, skipped: skipped + left });
      if (takeBack === undefined) again();
    },
    end() {
      takeBack?.();
      while (pending.size > 0) show(true);
    },
  };
}
