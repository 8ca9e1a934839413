/** What a worker asks before it runs: redelivered starts, older claims, running alone, tombstones, large inputs. */
import { describe, expect, test } from 'vitest';
import type { Broker } from '../../src/ports/broker.ts';
import type { AttemptReport } from '../../src/protocol/attempts.ts';
import { exchanges, jobQueue, ownQueueTopology } from '../../src/protocol/topology.ts';
import { eventually } from '../kit/eventually.ts';
import { decorate, the } from '../kit/rig.ts';
import { aJob, faulty, gate, openKit, settle, startText } from './kit.ts';

/** A job that runs until the test lets it go on. */
function held(more: Parameters<typeof aJob>[1] = {}) {
  const runs: { jobId: string; args: unknown; signal: AbortSignal; end: () => void }[] = [];
  const job = aJob(({ jobId, args, signal }) => {
    const { promise, open } = gate();
    runs.push({ jobId, args, signal, end: () => open() });
    signal.addEventListener('abort', () => open());
    return promise.then(() => signal.throwIfAborted());
  }, more);
  return { job, runs };
}

type Kit = Awaited<ReturnType<typeof openKit>>;
const left = (kit: Kit) => kit.broker.inspect(jobQueue('work'));
const ids = (runs: { jobId: string }[]) => runs.map(({ jobId }) => jobId);
/** A start that has to be confirmed. */
const again = (jobId: string) => ({ startId: `r/${jobId}/1`, jobId, replaces: 'lost' });
const b = { startId: 'r/b/1', jobId: 'b' };

/** Every worker is told who owns partition 00. */
async function report(kit: Kit, body: Partial<AttemptReport>): Promise<void> {
  const properties = { messageId: 'report', type: 'attempt.report', timestamp: kit.clock.now() };
  const whole = { partition: '00', partitions: 1, claim: 1, ...body };
  await kit.broker.publish({
    ...{ exchange: exchanges.control, routingKey: '', properties },
    body: JSON.stringify(whole),
  });
  await settle();
}

describe('a start is confirmed before it is run', () => {
  test('when it is redelivered, with the id of the execution that its answer then names', async () => {
    const { job, runs } = held();
    const faults = faulty();
    const kit = await openKit([job], { concurrency: 1 }, faults.wrap);
    await kit.give();
    await kit.give(b);
    await faults.cut(jobQueue('work'));
    await kit.advance(100);
    runs[0]?.end();
    await settle();
    expect(kit.said.map(({ body }) => body)).toMatchObject([
      { redelivered: true, claim: 1 },
      { redelivered: true, claim: 1 },
    ]);
    expect(ids(runs)).toEqual(['a', 'b']);
    runs[1]?.end();
    await settle();
    const asked = kit.said[1]?.body['executionId'];
    expect(kit.bodies()[1]).toMatchObject({ executionId: asked });
  });

  test('when it takes the place of another execution, or is older than the newest claim', async () => {
    const { job, runs } = held();
    const kit = await openKit([job]);
    kit.group.verdict = () => undefined;
    await kit.give(again('a'));
    expect(kit.said[0]?.body).toMatchObject({ replaces: 'lost', redelivered: false });
    await report(kit, { claim: 5 });
    await kit.give({ ...b, claim: 4 });
    expect(kit.said[1]?.body).toMatchObject({ claim: 4, redelivered: false });
    expect(runs).toEqual([]);
    await kit.give({ startId: 'r/c/1', jobId: 'c', claim: 5 });
    expect(ids(runs)).toEqual(['c']);
  });

  test('and asked for again every two seconds, until there is a verdict', async () => {
    const { job, runs } = held();
    const kit = await openKit([job]);
    kit.group.verdict = () => undefined;
    await kit.give(again('a'));
    await kit.advance(1999);
    expect(kit.said).toHaveLength(1);
    await kit.advance(1);
    kit.group.verdict = () => ({ verdict: 'run' });
    await kit.advance(2000);
    expect(kit.said).toHaveLength(3);
    await kit.advance(10_000);
    expect(kit.said).toHaveLength(3);
    expect(new Set(kit.said.map(({ body }) => body['executionId'])).size).toBe(1);
    expect(runs).toHaveLength(1);
  });

  test('and two verdicts run it once', async () => {
    const { job, runs } = held();
    const kit = await openKit([job]);
    kit.group.verdict = () => undefined;
    await kit.give(again('a'));
    const { replyTo, body } = the(kit.said[0]);
    for (let n = 0; n < 2; n += 1) {
      kit.reply(replyTo, 'attempt.verdict', { executionId: body['executionId'], verdict: 'run' });
    }
    await settle();
    expect(runs).toHaveLength(1);
  });
});

describe('a verdict', () => {
  test('`drop` acks the start unrun and unanswered', async () => {
    const { job, runs } = held();
    const kit = await openKit([job], { concurrency: 1 });
    kit.group.verdict = () => ({ verdict: 'drop' });
    await kit.give(again('a'));
    await kit.give(b);
    expect(ids(runs)).toEqual(['b']);
    expect(kit.answers).toEqual([]);
    runs[0]?.end();
    await settle();
    await kit.worker.stop();
    expect(await left(kit)).toMatchObject({ ready: 0 });
  });

  test('`stop` and `fail` are answered as told, unrun', async () => {
    const { job, runs } = held();
    const kit = await openKit([job]);
    kit.group.verdict = () => ({ verdict: 'stop' });
    await kit.give(again('a'));
    kit.group.verdict = () => ({ verdict: 'fail', reason: 'it kills' });
    await kit.give(again('b'));
    expect(kit.types()).toEqual(['stopped', 'failed']);
    expect(kit.bodies()[1]).toMatchObject({ reason: 'it kills', final: true });
    expect(runs).toEqual([]);
  });

  test('`alone` waits until nothing else runs, asks again, and nothing begins beside it', async () => {
    const { job, runs } = held();
    const kit = await openKit([job]);
    kit.group.verdict = ({ alone }) => ({ verdict: alone === true ? 'run' : 'alone' });
    await kit.give(b);
    await kit.give(again('a'));
    await kit.give({ startId: 'r/c/1', jobId: 'c' });
    expect(ids(runs)).toEqual(['b']);
    runs[0]?.end();
    await settle();
    expect(kit.said.map(({ body }) => body['alone'])).toEqual([undefined, true]);
    expect(ids(runs)).toEqual(['b', 'a']);
    runs[1]?.end();
    await settle();
    expect(ids(runs)).toEqual(['b', 'a', 'c']);
  });

  test('that comes after a cancel does not run it', async () => {
    const { job, runs } = held();
    const kit = await openKit([job]);
    kit.group.verdict = () => undefined;
    await kit.give(again('a'));
    await kit.cancel('r/a/1');
    kit.group.verdict = () => ({ verdict: 'run' });
    await kit.advance(2000);
    expect(runs).toEqual([]);
    expect(kit.types()).toEqual(['stopped']);
  });
});

describe('a worker that loses a delivery', () => {
  test('of one that it asks for lets it go, and asks for it as another execution', async () => {
    const { job, runs } = held();
    const faults = faulty();
    const kit = await openKit([job], {}, faults.wrap);
    kit.group.verdict = () => undefined;
    await kit.give(again('a'));
    await faults.cut(jobQueue('work'));
    kit.group.verdict = () => ({ verdict: 'run' });
    await kit.advance(2000);
    expect(new Set(kit.said.map(({ body }) => body['executionId'])).size).toBe(2);
    expect(runs).toHaveLength(1);
  });

  test('and fails before it is told whether the redelivery is its own says who it is', async () => {
    const end = gate();
    const failing = aJob(async () => {
      await end.promise;
      throw new Error('no');
    });
    const faults = faulty();
    const kit = await openKit([failing], {}, faults.wrap);
    await kit.give();
    kit.group.verdict = () => undefined;
    await faults.cut(jobQueue('work'));
    await kit.advance(100);
    expect(kit.saidTypes()).toEqual(['confirm']);
    end.open();
    await settle();
    expect(kit.types()).toEqual(['failed']);
    expect(kit.bodies()[0]).toMatchObject({ executionId: kit.said[0]?.body['executionId'] });
  });

  test('and is told that the redelivery is not its own ends what runs, and says nothing', async () => {
    const { job, runs } = held();
    const faults = faulty();
    const kit = await openKit([job], {}, faults.wrap);
    await kit.give();
    kit.group.verdict = () => ({ verdict: 'drop' });
    await faults.cut(jobQueue('work'));
    await kit.advance(100);
    expect(runs[0]?.signal.reason).toMatchObject({ name: 'Lost' });
    expect(kit.answers).toEqual([]);
    await kit.worker.stop();
    expect(await left(kit)).toMatchObject({ ready: 0 });
  });
});

describe('before it consumes from a broker of many', () => {
  const remote = (broker: Broker): Broker => decorate(broker, { isRemote: true });

  /** A host that answers `attempt.hello`, or not. */
  async function opened(answer: Partial<AttemptReport> | undefined, given: object[] = []) {
    const { job, runs } = held();
    const hellos: unknown[] = [];
    const wrap = (broker: Broker): Broker =>
      decorate(remote(broker), {
        async publish(publication) {
          const { type, replyTo = '' } = publication.properties;
          if (type !== 'attempt.hello') return broker.publish(publication);
          hellos.push(publication.routingKey);
          for (const more of given.splice(0)) {
            await broker.publish({
              ...{ exchange: exchanges.jobs, routingKey: 'work' },
              properties: { messageId: 'm', type: 'attempt.start', timestamp: 0 },
              body: startText(more),
            });
          }
          if (answer === undefined) return 'returned';
          const whole = { partition: '00', partitions: 1, claim: 3, ...answer };
          const properties = { messageId: 'r', type: 'attempt.report', timestamp: 0 };
          const body = JSON.stringify(whole);
          return broker.publish({ exchange: '', routingKey: replyTo, properties, body });
        },
        consume: (queue, options) => broker.consume(queue, options),
      });
    const kit = await openKit([job], { isStarted: false }, wrap);
    await kit.broker.declare(ownQueueTopology(exchanges.jobs, jobQueue('work'), 'work'));
    const started = kit.worker.start();
    await eventually(() => expect(hellos).toEqual(['hosts']));
    return { kit, runs, hellos, started };
  }

  test('it asks hosts for claims and tombstones: what was cancelled is answered unrun', async () => {
    const tombstones = { cancelled: ['r/a/1'] };
    const { kit, runs, started } = await opened(tombstones, [{ claim: 3 }, { ...b, claim: 3 }]);
    await started;
    await eventually(() => expect(ids(runs)).toEqual(['b']));
    expect(kit.types()).toEqual(['stopped']);
    expect(kit.said).toEqual([]);
  });

  test('and confirms the starts of a partition that no host has spoken for', async () => {
    const { kit, runs, hellos, started } = await opened(undefined, [{ claim: 3 }]);
    kit.group.verdict = () => undefined;
    await kit.advance(1000);
    await started;
    await eventually(() => expect(kit.said).toHaveLength(1));
    expect(runs).toEqual([]);
    const asked = hellos.length;
    await kit.advance(10_000);
    expect(hellos.length).toBeGreaterThan(asked);
  });
});

test('a new owner is told what is held, and by whom it will be answered', async () => {
  const { job } = held();
  const kit = await openKit([job], { concurrency: 1 });
  const named: unknown[] = [];
  await kit.broker.declare(ownQueueTopology(exchanges.results, 'host', 'host'));
  await kit.broker.consume('host', {
    prefetch: 10,
    onDelivery: ({ body }) => void named.push(JSON.parse(body)),
    onClosed: () => undefined,
  });
  await kit.give();
  await kit.give(b);
  await report(kit, { claim: 2, namesTo: 'host' });
  expect(named).toEqual([{ partition: '00', startIds: ['r/a/1', 'r/b/1'] }]);
});

test('what is too large for its start is fetched part by part before it runs', async () => {
  const { job, runs } = held();
  const kit = await openKit([job]);
  await kit.give({ parts: 2 });
  const text = JSON.stringify({ args: { big: 'ü' }, data: [{ ['__proto__']: 1 }], results: {} });
  const halves = [text.slice(0, 9), text.slice(9)];
  for (const part of [0, 1]) {
    const { replyTo, body } = kit.said.at(-1) ?? {};
    expect(body).toMatchObject({ part, key: 'k', attempt: 1 });
    expect(runs).toEqual([]);
    const executionId = body?.['executionId'];
    kit.reply(replyTo, 'attempt.input', { executionId, part, text: halves[part] });
    await settle();
  }
  expect(runs[0]?.args).toEqual({ big: 'ü' });
  expect(kit.saidTypes()).toEqual(['fetch', 'fetch']);
});
