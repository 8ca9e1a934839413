/** Ids of requests and messages: ULIDs in small letters, time-ordered, 26 characters. */
import { monotonicFactory } from 'ulid';

const newUlid = monotonicFactory();

export function newId(): string {
  return newUlid().toLowerCase();
}
