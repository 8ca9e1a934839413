/** Lets everybody else have a turn of the event loop: between the slices of what would hold it up as a whole. */

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
