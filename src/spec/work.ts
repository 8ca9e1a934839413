/**
 * Recursion that needs no stack: a generator yields what it wants done before it goes on, and the depth of
 * sequences in sequences is bounded by memory alone.
 */

/** Yields work that is done first, or a promise that is waited for. */
export type Work = Generator<Work | Promise<void>, void, void>;

/** Does the work and all that it asks for, in order. Rejects with what any of it throws. */
export async function doWork(work: Work): Promise<void> {
  const stack = [work];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { done, value } = top.next();
    if (done === true) stack.pop();
    else if (value instanceof Promise) await value;
    else stack.push(value);
  }
}
