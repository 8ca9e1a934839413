/** Waiting in tests: for a fact of the product, never for a time. */
import { setTimeout as delay } from 'node:timers/promises';

/** Tries an assertion every 10 ms, or every so many, until it holds; after `timeoutMs` (default 10 s) its own failure is thrown. */
export async function eventually(
  assertion: () => void | Promise<void>,
  timeoutMs = 10_000,
  everyMs = 10,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      await assertion();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await delay(everyMs);
    }
  }
}
