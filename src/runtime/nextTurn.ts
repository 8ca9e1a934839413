/** Lets everybody else have a turn of the event loop: between the slices of what would hold it up as a whole. */
import type { Clock } from '../ports/clock.ts';

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A loop over much may go on for so long before everybody else has a turn. */
const sliceMs = 10;

/** For such a loop: after each step, what to wait for, if the steps since the last wait took long enough. */
export function slices(clock: Clock): () => Promise<void> | undefined {
  let began = clock.monotonic();
  return () => {
    if (clock.monotonic() - began < sliceMs) return undefined;
    return nextTurn().then(() => {
      began = clock.monotonic();
    });
  };
}

/** Between two slices everybody else gets a turn of the event loop. */
const itemsASlice = 5000;

/** What `make` answers for each item; of many, some at a time. */
export async function inSlices<T, U>(
  items: readonly T[],
  make: (item: T, index: number) => U,
): Promise<U[]> {
  const made: U[] = [];
  for (const item of items) {
    made.push(make(item, made.length));
    if (made.length % itemsASlice === 0) await nextTurn();
  }
  return made;
}
