/** Keeps of a stream its beginning and its end, in bounded memory, whatever its length. */
import { decode, wholeEnd, wholeStart } from './utf8.ts';

const headBytes = 4 * 1024;
const tailBytes = 28 * 1024;

export type Capture = {
  push(chunk: Buffer): void;
  /** What is kept, with the number of bytes left out where they were. */
  text(): string;
};

export function createCapture(): Capture {
  let head = Buffer.alloc(0);
  let tail: Buffer | undefined;
  let tailed = 0;

  /** `tail` is a ring: byte n of the stream behind the head lies at n modulo its size. */
  function pushTail(chunk: Buffer): void {
    tail ??= Buffer.allocUnsafe(tailBytes);
    const kept = chunk.subarray(-tailBytes);
    const at = (tailed + chunk.length - kept.length) % tailBytes;
    const copied = kept.copy(tail, at);
    kept.copy(tail, 0, copied);
    tailed += chunk.length;
  }

  function ordered(): Buffer {
    if (tail === undefined) return Buffer.alloc(0);
    if (tailed <= tailBytes) return tail.subarray(0, tailed);
    const at = tailed % tailBytes;
    return Buffer.concat([tail.subarray(at), tail.subarray(0, at)]);
  }

  return {
    push(chunk) {
      const room = headBytes - head.length;
      if (room > 0) head = Buffer.concat([head, chunk.subarray(0, room)]);
      if (chunk.length > room) pushTail(chunk.subarray(room));
    },
    text() {
      if (tailed <= tailBytes) return decode(Buffer.concat([head, ordered()]));
      const [first, last] = [wholeStart(head), wholeEnd(ordered())];
      const leftOut = head.length + tailed - first.length - last.length;
      return `${decode(first)}\n… ${leftOut} bytes left out …\n${decode(last)}`;
    },
  };
}
