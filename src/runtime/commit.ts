/** Appends entries of one partition: at most one append in flight, the identical write again until its outcome is known. */
import type { Entry } from '../ports/journal.ts';
import { DocumentError, FencedError } from '../protocol/errors.ts';
import { backoffMs } from './backoff.ts';
import type { Runtime } from './runtime.ts';

/**
 * Resolves when all entries are durable. Rejects with FencedError when another owner wrote one of
 * these offsets, with DocumentError when one cannot be stored (those before it are durable).
 */
export async function append(runtime: Runtime, entries: readonly Entry[]): Promise<void> {
  let done = 0;
  for (let failures = 0; done < entries.length; ) {
    try {
      const appended = await runtime.store.journal.append(entries.slice(done));
      if (appended.outcome === 'appended') return;
      done = await afterOurs(runtime, entries, appended.offset);
    } catch (thrown) {
      if (thrown instanceof FencedError) throw thrown;
      if (thrown instanceof DocumentError) throw new DocumentError(done + thrown.index, thrown.message, { cause: thrown });
      failures += 1;
      runtime.log.warn({ err: thrown, partition: entries[0]?.partition, failures }, 'append failed; trying again');
      await pause(runtime, failures);
    }
  }
}

/** An entry that is there and ours was written by an append whose answer was lost: go on after it. */
async function afterOurs(runtime: Runtime, entries: readonly Entry[], offset: number): Promise<number> {
  const index = entries.findIndex((entry) => entry.offset === offset);
  const ours = entries[index];
  if (ours === undefined) throw new FencedError(`the journal answered with offset ${offset}, which was not written`);
  for await (const stored of runtime.store.journal.read(ours.partition, offset - 1)) {
    if (stored.offset === offset && stored.token === ours.token) return index + 1;
    break;
  }
  throw new FencedError(`entry ${offset} of partition ${ours.partition} was written by another host`);
}

function pause(runtime: Runtime, failures: number): Promise<void> {
  return new Promise((resolve) => {
    runtime.clock.after(backoffMs(failures, runtime.random()), resolve);
  });
}
