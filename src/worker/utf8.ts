/** Bytes of a program as text: invalid UTF-8 is replaced, NUL is removed, no character is cut in two. */

export function decode(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0', '');
}

/** The beginning of `bytes` that ends with a whole character. */
export function wholeStart(bytes: Buffer): Buffer {
  // A character has at most four bytes, of which the first says how many.
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    return lengthBy(byte) > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}

/** `bytes` without what is left of a character that was cut before them. */
export function wholeEnd(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start] ?? 0)) start += 1;
  return bytes.subarray(start);
}

function isContinuation(byte: number): boolean {
  return (byte & 0b1100_0000) === 0b1000_0000;
}

function lengthBy(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}
