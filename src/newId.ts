/** Ids of requests and messages: ULIDs in small letters, time-ordered, 26 characters. */
import { randomFillSync } from 'node:crypto';
import { monotonicFactory } from 'ulid';

/** Sixteen are taken for the first id of a millisecond; to ask for each by itself costs fifty times as much. */
const bytes = new Uint8Array(4096);
let taken = bytes.length;

function random(): number {
  if (taken === bytes.length) {
    randomFillSync(bytes);
    taken = 0;
  }
  const byte = bytes[taken] ?? 0;
  taken += 1;
  return byte / 256;
}

const newUlid = monotonicFactory(random);

export function newId(): string {
  return newUlid().toLowerCase();
}
