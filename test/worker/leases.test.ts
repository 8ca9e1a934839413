/** A worker's leases: when they are taken, renewed, lost and given back. */
import { describe, expect, test } from 'vitest';
import { jobQueue } from '../../src/protocol/topology.ts';
import { aJob, faulty, gate, openKit, settle } from './kit.ts';

/** A job that runs until the test lets it go on; it ignores its signal. */
function held({ isDeaf = false } = {}) {
  const runs: { signal: AbortSignal; end: () => void }[] = [];
  const job = aJob(({ signal }) => {
    const { promise, open } = gate();
    runs.push({ signal, end: () => open() });
    if (!isDeaf) signal.addEventListener('abort', () => open());
    return promise.then(() => {
      if (!isDeaf) signal.throwIfAborted();
    });
  });
  return { job, runs };
}

describe('a lease', () => {
  test('is taken 30 s after the delivery, which is acked, and renewed every 20 s until the answer is out', async () => {
    const { job, runs } = held();
    const kit = await openKit([job]);
    await kit.give();
    await kit.advance(29_999);
    expect(kit.said).toEqual([]);
    await kit.advance(1);
    expect(kit.saidTypes()).toEqual(['lease']);
    expect(kit.said[0]).toMatchObject({
      body: { key: 'k', attempt: 1, claim: 1 },
      headers: { group: 'r', to: 'chain/r' },
    });
    await kit.advance(20_000);
    await kit.advance(20_000);
    expect(kit.saidTypes()).toEqual(['lease', 'lease', 'lease']);
    runs[0]?.end();
    await settle();
    expect(kit.bodies()).toMatchObject([{ executionId: kit.said[0]?.body['executionId'] }]);
    await kit.advance(60_000);
    expect(kit.said).toHaveLength(3);
    expect(kit.clock.pending).toBe(0);
  });

  test('keeps an attempt its own when the channel is lost: it is not redelivered, and its failure counts', async () => {
    const { runs } = held();
    const end = gate();
    const failing = aJob(async () => {
      runs.push({ signal: new AbortController().signal, end: () => undefined });
      await end.promise;
      throw new Error('no');
    });
    const faults = faulty();
    const kit = await openKit([failing], {}, faults.wrap);
    await kit.give();
    await kit.advance(30_000);
    await faults.cut(jobQueue('work'));
    await kit.advance(100);
    expect(runs).toHaveLength(1);
    end.open();
    await settle();
    expect(kit.types()).toEqual(['failed']);
  });

  test('is not taken before the broker has the message, and only then is the start acked', async () => {
    const { job } = held();
    const faults = faulty();
    const kit = await openKit([job], {}, faults.wrap);
    await kit.give();
    faults.failures.push('returned');
    await kit.advance(30_000);
    await faults.cut(jobQueue('work'));
    expect(await kit.broker.inspect(jobQueue('work'))).toMatchObject({ ready: 1 });
  });

  test('that is dropped ends what runs with the reason `Lost`, and nothing is answered', async () => {
    const { job, runs } = held();
    const kit = await openKit([job]);
    await kit.give();
    await kit.advance(30_000);
    const { replyTo, body } = kit.said[0] ?? {};
    kit.reply(replyTo, 'attempt.verdict', {
      executionId: body?.['executionId'],
      verdict: 'drop',
    });
    await settle();
    expect(runs[0]?.signal.reason).toMatchObject({ name: 'Lost' });
    expect(kit.answers).toEqual([]);
    await kit.advance(60_000);
    expect(kit.said).toHaveLength(1);
    expect(kit.worker.running()).toBe(0);
  });

  test('that its group gave up while this worker was away: the start comes anew and is run once the old has ended', async () => {
    const { job, runs } = held({ isDeaf: true });
    const kit = await openKit([job]);
    await kit.give();
    await kit.advance(30_000);
    const lost = String(kit.said[0]?.body['executionId']);
    await kit.give({ replaces: lost });
    expect(runs).toHaveLength(1);
    runs[0]?.end();
    await settle();
    expect(runs).toHaveLength(2);
    expect(kit.answers).toEqual([]);
    runs[1]?.end();
    await settle();
    expect(kit.types()).toEqual(['succeeded']);
  });

  test('is named at once when the worker can be heard again', async () => {
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
    await kit.advance(30_000);
    await faults.cut(queues[0] ?? '');
    await kit.advance(100);
    expect(kit.saidTypes()).toEqual(['lease', 'lease']);
  });
});

describe('a cancel', () => {
  test('has every holder take the lease at once, unless it stops at once', async () => {
    for (const isDeaf of [true, false]) {
      const { job, runs } = held({ isDeaf });
      const kit = await openKit([job]);
      await kit.give();
      await kit.cancel('r/a/1');
      await settle();
      expect(kit.saidTypes()).toEqual(isDeaf ? ['lease'] : []);
      expect(kit.types()).toEqual(isDeaf ? [] : ['stopped']);
      runs[0]?.end();
      await settle();
      expect(kit.types()).toEqual([isDeaf ? 'succeeded' : 'stopped']);
    }
  });

  test('of a job that ends while its lease is under way is answered by name: its group may know the lease', async () => {
    const end = gate();
    const failing = aJob(async () => {
      await end.promise;
      throw new Error('no');
    });
    const confirmed = gate();
    const kit = await openKit([failing], {}, (broker) => ({
      ...faulty().wrap(broker),
      async publish(publication) {
        const outcome = await broker.publish(publication);
        if (publication.properties.type === 'attempt.lease') await confirmed.promise;
        return outcome;
      },
    }));
    await kit.give();
    await kit.cancel('r/a/1');
    expect(kit.saidTypes()).toEqual(['lease']);
    end.open();
    await settle();
    expect(kit.types()).toEqual(['stopped']);
    expect(kit.bodies()[0]).toMatchObject({ executionId: kit.said[0]?.body['executionId'] });
    confirmed.open();
    await settle();
    expect(kit.answers).toHaveLength(1);
  });

  test('during a lease is answered by its holder', async () => {
    const { job } = held();
    const kit = await openKit([job]);
    await kit.give();
    await kit.advance(30_000);
    await kit.cancel('r/a/1');
    expect(kit.types()).toEqual(['stopped']);
    expect(kit.bodies()[0]).toMatchObject({ executionId: kit.said[0]?.body['executionId'] });
  });
});

describe('a drain', () => {
  test('gives leases back to their groups, when the handler has ended or the grace is over', async () => {
    for (const isDeaf of [true, false]) {
      const { job } = held({ isDeaf });
      const kit = await openKit([job], { graceMs: 500 });
      await kit.give();
      await kit.advance(30_000);
      const drained = kit.worker.drain();
      await settle();
      expect(kit.saidTypes()).toEqual(isDeaf ? ['lease'] : ['lease', 'return']);
      await kit.advance(500);
      await drained;
      expect(kit.saidTypes()).toEqual(['lease', 'return']);
      expect(kit.answers).toEqual([]);
      expect(kit.clock.pending).toBe(0);
    }
  });

  test('does not wait for a broker that is gone', async () => {
    const { job } = held();
    const kit = await openKit([job], { graceMs: 500 }, (broker) => ({
      ...faulty().wrap(broker),
      publish: (publication) =>
        publication.properties.type === 'attempt.return'
          ? Promise.resolve('returned')
          : broker.publish(publication),
    }));
    await kit.give();
    await kit.advance(30_000);
    const drained = kit.worker.stop();
    for (let n = 0; n < 10; n += 1) await kit.advance(500);
    await drained;
    expect(kit.saidTypes()).toEqual(['lease']);
  });
});
