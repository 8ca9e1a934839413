/** The worker around the attempts: how many run, cancel, drain, lost channels, an unwilling broker. */
import { describe, expect, test } from 'vitest';
import { TransientError } from '../../src/protocol/errors.ts';
import { jobQueue } from '../../src/protocol/topology.ts';
import { backoffMs } from '../../src/runtime/backoff.ts';
import { createCancelled } from '../../src/worker/cancelled.ts';
import { aJob, faulty, gate, openKit, settle, startText } from './kit.ts';

/** A job that runs until the test lets it go on, or its signal is aborted. */
function held(more: Parameters<typeof aJob>[1] = {}) {
  const runs: { jobId: string; signal: AbortSignal; end: () => void }[] = [];
  const job = aJob(({ jobId, signal }) => {
    const { promise, open } = gate();
    runs.push({ jobId, signal, end: () => open() });
    signal.addEventListener('abort', () => open());
    return promise.then(() => signal.throwIfAborted());
  }, more);
  return { job, runs };
}

describe('concurrency', () => {
  test('holds over all types and for each type, and every type gets its turn', async () => {
    const a = held({ type: 'a', concurrency: 1 });
    const b = held({ type: 'b' });
    const kit = await openKit([a.job, b.job], { concurrency: 3 });
    for (const [type, count] of [
      ['a', 3],
      ['b', 3],
    ] as const) {
      for (let index = 0; index < count; index += 1) {
        await kit.give({ jobType: type, startId: `r/${type}${index}/1`, jobId: `${type}${index}` });
      }
    }
    expect(kit.worker.running()).toBe(3);
    expect([a.runs.length, b.runs.length]).toEqual([1, 2]);
    b.runs[0]?.end();
    await settle();
    expect([a.runs.length, b.runs.length]).toEqual([1, 3]);
    a.runs[0]?.end();
    await settle();
    expect([a.runs.length, b.runs.length]).toEqual([2, 3]);
  });

  test('of one job is one: the retry of an attempt that ignored its time-out waits for it to end', async () => {
    const { promise, open } = gate();
    const attempts: number[] = [];
    const kit = await openKit(
      [
        aJob(({ attempt }) => {
          attempts.push(attempt);
          return promise;
        }),
      ],
      { graceMs: 100 },
    );
    await kit.give({ startId: 'r/a/1', attempt: 1, timeoutMs: 50 });
    kit.clock.advance(50);
    kit.clock.advance(100);
    await settle();
    expect(kit.answers.map(({ type }) => type)).toEqual(['attempt.failed']);
    await kit.give({ startId: 'r/a/2', attempt: 2 });
    expect(attempts).toEqual([1]);
    open();
    await settle();
    expect(attempts).toEqual([1, 2]);
  });

  test('takes twice as many deliveries as may run', async () => {
    const faults = faulty();
    await openKit(
      [aJob(() => 1, { type: 'a', concurrency: 4 }), aJob(() => 1, { type: 'b' })],
      { concurrency: 10 },
      faults.wrap,
    );
    expect([faults.prefetch(jobQueue('a')), faults.prefetch(jobQueue('b'))]).toEqual([8, 20]);
  });
});

describe('a cancel', () => {
  test('aborts what runs; a throw after it has stopped, a return has succeeded', async () => {
    const { job, runs } = held();
    const kit = await openKit([job]);
    await kit.give();
    await kit.cancel('r/a/1');
    expect(runs[0]?.signal.reason).toMatchObject({ name: 'Stopped' });
    expect(kit.types()).toEqual(['stopped']);

    const end = gate();
    const other = await openKit([aJob(() => end.promise)]);
    await other.give({ timeoutMs: 100 });
    await other.cancel('r/a/1');
    await other.advance(1_000_000);
    expect(other.answers).toEqual([]);
    end.open();
    await settle();
    expect(other.types()).toEqual(['succeeded']);
  });

  test('answers at once for an attempt that waits', async () => {
    const { job, runs } = held();
    const kit = await openKit([job], { concurrency: 1 });
    await kit.give();
    await kit.give({ startId: 'r/b/1', jobId: 'b' });
    await kit.cancel('r/b/1', 'unknown');
    expect(kit.types()).toEqual(['stopped']);
    expect(runs).toHaveLength(1);
    runs[0]?.end();
    await settle();
    expect(runs).toHaveLength(1);
  });

  test('of an attempt not yet seen is remembered', async () => {
    const { job, runs } = held();
    const kit = await openKit([job]);
    await kit.cancel('r/a/1');
    await kit.give();
    expect(kit.types()).toEqual(['stopped']);
    expect(runs).toEqual([]);
  });

  test('is remembered for the newest 10,000', () => {
    const cancelled = createCancelled();
    for (let index = 0; index <= 10_000; index += 1) cancelled.add(String(index));
    expect([cancelled.has('0'), cancelled.has('1'), cancelled.has('10000')]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('a drain', () => {
  test('aborts what runs, answers nothing, and gives everything back', async () => {
    const { job, runs } = held();
    const kit = await openKit([job], { concurrency: 1 });
    await kit.give();
    await kit.give({ startId: 'r/b/1', jobId: 'b' });
    await kit.worker.drain();
    expect(runs.map(({ signal }) => (signal.reason as Error).name)).toEqual(['Shutdown']);
    expect(kit.answers).toEqual([]);
    expect(await kit.broker.inspect(jobQueue('work'))).toMatchObject({ ready: 2 });
    expect(kit.clock.pending).toBe(0);
  });

  test('waits for the grace and no longer; what ends later is not answered', async () => {
    const end = gate();
    const kit = await openKit([aJob(() => end.promise)], { graceMs: 500 });
    await kit.give();
    const seen: string[] = [];
    const drained = kit.worker.drain().then(() => seen.push('drained'));
    await settle();
    await kit.advance(499);
    expect(seen).toEqual([]);
    await kit.advance(1);
    await drained;
    end.open();
    await settle();
    expect(kit.answers).toEqual([]);
    expect(await kit.broker.inspect(jobQueue('work'))).toMatchObject({ ready: 1 });
  });

  test('takes nothing more', async () => {
    const { job, runs } = held();
    const kit = await openKit([job]);
    await kit.worker.drain();
    await kit.give();
    expect(runs).toEqual([]);
  });

  test('lets an answer that is on its way be confirmed', async () => {
    const faults = faulty();
    faults.failures.push('returned');
    const kit = await openKit([aJob(() => 1)], {}, faults.wrap);
    await kit.give();
    const drained = kit.worker.drain();
    await kit.advance(100);
    await drained;
    expect(kit.types()).toEqual(['succeeded']);
    expect(await kit.broker.inspect(jobQueue('work'))).toMatchObject({ ready: 0 });
  });

  test('and a stop may come twice, and before the start', async () => {
    const kit = await openKit([aJob(() => 1)]);
    await Promise.all([kit.worker.stop(), kit.worker.stop(), kit.worker.drain()]);
    await kit.worker.stop();
  });
});

describe('an unwilling broker', () => {
  test('is asked again until it has confirmed, with the same message id; only then comes the ack', async () => {
    const faults = faulty();
    faults.failures.push(new TransientError('gone'), 'returned');
    const kit = await openKit([aJob(() => 1)], {}, faults.wrap);
    await kit.give();
    await kit.advance(75);
    expect(kit.answers).toEqual([]);
    await kit.advance(150);
    expect(kit.types()).toEqual(['succeeded']);
    expect(new Set(faults.publications.map(({ properties }) => properties.messageId)).size).toBe(1);
    await kit.worker.stop();
    expect(await kit.broker.inspect(jobQueue('work'))).toMatchObject({ ready: 0 });
  });

  test('that closes a channel gets a new consumer; a running attempt takes its redelivery over', async () => {
    const { job, runs } = held();
    const faults = faulty();
    const kit = await openKit([job], {}, faults.wrap);
    await kit.give();
    await faults.cut(jobQueue('work'));
    await kit.advance(100);
    runs[0]?.end();
    await settle();
    expect(runs).toHaveLength(1);
    expect(kit.types()).toEqual(['succeeded']);
    await kit.worker.stop();
    expect(await kit.broker.inspect(jobQueue('work'))).toMatchObject({ ready: 0 });
  });

  test('that has taken a delivery back is told of a success and of nothing else', async () => {
    for (const isGood of [true, false]) {
      const end = gate();
      const faults = faulty();
      const job = aJob(async () => {
        await end.promise;
        if (!isGood) throw new Error('no');
      });
      const kit = await openKit([job], {}, faults.wrap);
      await kit.give();
      await faults.cut(jobQueue('work'));
      end.open();
      await settle();
      expect(kit.types()).toEqual(isGood ? ['succeeded'] : []);
    }
  });

  test('that took back what waited hands it over again, and it runs once', async () => {
    const { job, runs } = held();
    const faults = faulty();
    const kit = await openKit([job], { concurrency: 1 }, faults.wrap);
    await kit.give();
    await kit.give({ startId: 'r/b/1', jobId: 'b' });
    await faults.cut(jobQueue('work'));
    await kit.advance(100);
    for (let turn = 0; turn < 2; turn += 1) {
      runs[turn]?.end();
      await settle();
    }
    expect(runs.map(({ jobId }) => jobId)).toEqual(['a', 'b']);
    expect(kit.types()).toEqual(['succeeded', 'succeeded']);
  });

  test('that loses the control queue still brings cancels later', async () => {
    const { job } = held();
    const faults = faulty();
    const queues: string[] = [];
    const kit = await openKit([job], {}, (broker) => {
      const wrapped = faults.wrap(broker);
      return {
        ...wrapped,
        consume: (queue, options) => (queues.push(queue), wrapped.consume(queue, options)),
      };
    });
    await kit.give();
    await faults.cut(queues[0] ?? '');
    await kit.advance(100);
    await kit.cancel('r/a/1');
    expect(kit.types()).toEqual(['stopped']);
  });
});

test('a second copy of a running attempt is not run beside it', async () => {
  const { job, runs } = held();
  const kit = await openKit([job]);
  await kit.give();
  await kit.give();
  runs[0]?.end();
  await settle();
  expect(runs).toHaveLength(1);
  expect(kit.types()).toEqual(['succeeded']);
});

test('a message that is no attempt is set aside with its reason', async () => {
  const kit = await openKit([aJob(() => 1)]);
  await kit.raw('{');
  await kit.raw('{"startId":1}');
  await kit.raw(startText({ jobType: 'other' }));
  expect(kit.rejected.map(({ properties }) => properties.headers?.['reason'])).toEqual([
    'the body is not JSON',
    expect.stringContaining('the body is no attempt.start: startId: '),
    'an attempt of job type "other" came to the queue of "work"',
  ]);
  expect(kit.rejected[0]?.body).toBe('{');
  await kit.worker.stop();
  expect(await kit.broker.inspect(jobQueue('work'))).toMatchObject({ ready: 0 });
});

test('the backoff doubles up to its most, and jitter takes away at most half', () => {
  expect([1, 2, 3, 20].map((failures) => backoffMs(failures, 0))).toEqual([50, 100, 200, 5000]);
  expect(backoffMs(1, 0.5)).toBe(75);
  expect(backoffMs(5, 0.999, { firstMs: 10, mostMs: 100 })).toBe(100);
});
