/** What a handler is given, and what happens when it takes too long. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { aJob, gate, openKit } from './kit.ts';

describe('the context', () => {
  test('has keys, results of parents by type, and parsed args', async () => {
    const other = aJob(() => 1, { type: 'other' });
    const job = aJob(
      ({ args, resultsOf, requestId, jobId, attempt, attemptKey, jobKey }) => ({
        args,
        requestId,
        jobId,
        attempt,
        attemptKey,
        jobKey,
        others: resultsOf(other),
        none: resultsOf(aJob(() => 1, { type: 'toString' })),
      }),
      { args: z.object({ size: z.coerce.number() }) },
    );
    const kit = await openKit([job]);
    await kit.give({ args: { size: '5' }, attempt: 2, results: { other: [1, null] } });
    expect(kit.bodies()[0]?.['result']).toEqual({
      args: { size: 5 },
      requestId: 'r',
      jobId: 'a',
      attempt: 2,
      attemptKey: 'r/a/2',
      jobKey: 'r/a',
      others: [1, null],
      none: [],
    });
  });

  test('args that do not fit fail for good, naming job, field and remedy', async () => {
    const kit = await openKit([aJob(() => 1, { args: z.object({ size: z.number() }) })]);
    await kit.give({ args: { size: 'x' } });
    expect(kit.bodies()[0]).toMatchObject({ final: true });
    expect(kit.bodies()[0]?.['reason']).toMatch(
      /^job "a" \(work\).*args\.size: .*; correct the chain's plan/,
    );
  });

  test('shows at most one status a second, the newest winning', async () => {
    const end = gate();
    const kit = await openKit([
      aJob(({ status }) => {
        for (const text of ['1', '2', '3']) status(text);
        return end.promise;
      }),
    ]);
    await kit.give();
    expect(kit.statuses.map(({ text }) => text)).toEqual(['1']);
    await kit.advance(999);
    expect(kit.statuses).toHaveLength(1);
    await kit.advance(1);
    expect(kit.statuses[1]).toEqual({
      requestId: 'r',
      jobId: 'a',
      actor: 'chain/r',
      attempt: 1,
      text: '3',
      at: kit.clock.now(),
    });
    await kit.advance(5000);
    expect(kit.statuses).toHaveLength(2);
    end.open();
  });
});

describe('a time-out', () => {
  test('aborts the signal, and whatever the handler does then has failed', async () => {
    for (const isGood of [true, false]) {
      let reason: unknown;
      const kit = await openKit([
        aJob(
          ({ signal }) =>
            new Promise((resolve, reject) =>
              signal.addEventListener('abort', () => {
                reason = signal.reason;
                if (isGood) resolve(1);
                else reject(signal.reason as Error);
              }),
            ),
        ),
      ]);
      await kit.give({ timeoutMs: 60_000 });
      await kit.advance(59_999);
      expect(kit.answers).toEqual([]);
      await kit.advance(1);
      expect(reason).toMatchObject({ name: 'TimeoutError' });
      expect(kit.bodies()).toMatchObject([{ attempt: 1, reason: 'timed out after 60000 ms' }]);
      expect(kit.clock.pending).toBe(0);
    }
  });

  test('that is ignored fails at the end of the grace; the slot is free when the handler ends', async () => {
    const end = gate();
    const kit = await openKit([aJob(() => end.promise)], { concurrency: 1 });
    await kit.give({ timeoutMs: 100 });
    await kit.advance(8_099);
    expect(kit.answers).toEqual([]);
    await kit.advance(1);
    expect(kit.bodies()[0]?.['reason']).toBe(
      'timed out after 100 ms and ignored its signal for 8000 ms',
    );
    expect(kit.worker.running()).toBe(1);
    end.open();
    await kit.advance(0);
    expect(kit.worker.running()).toBe(0);
    expect(kit.answers).toHaveLength(1);
  });
});
