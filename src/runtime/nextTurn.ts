/** Lets everybody else have a turn of the event loop: between the slices of what would hold it up as a whole. */

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
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
