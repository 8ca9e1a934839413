/** What every store of read models does. `open` gives fresh, empty ones. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  AttemptDocument,
  JobDocument,
  Page,
  ReadModels,
  RequestDocument,
} from '../../src/ports/readmodels.ts';

function request(id: string, fields: Partial<RequestDocument> = {}): RequestDocument {
  return {
    id,
    partition: 3,
    root: 'chain/main',
    type: 'deploy',
    state: 'running',
    seq: 1,
    args: '{"dir":"src","dry":true,"n":1.5,"__proto__":[]}',
    kept: 0,
    counts: { running: 1 },
    total: 1,
    resumption: 0,
    createdAt: 1767600000000,
    updatedAt: 1767600000001,
    ...fields,
  };
}

function job(of: string, number: number, fields: Partial<JobDocument> = {}): JobDocument {
  const words = { name: `job-${number}`, type: 'copy', state: 'running' };
  return { request: of, job: number, seq: 1, attempts: 1, ...words, ...fields };
}

function attempt(
  of: string,
  number: number | string,
  fields: Partial<AttemptDocument> = {},
): AttemptDocument {
  const words = { name: `job-${number}`, state: 'running' };
  return { request: of, job: number, seq: 1, attempt: 1, ...words, ...fields };
}

function page(fields: Partial<Page> = {}): Page {
  const counts = { requests: { running: 1 }, jobs: { running: 1 } };
  return {
    ...{ partition: 3, after: 0, applied: 5, counts, requests: [], jobs: [], attempts: [] },
    ...fields,
  };
}

/** Runs the suite. */
export function readModelsContract(name: string, open: () => Promise<ReadModels>): void {
  describe(`read models ${name}`, () => {
    let models: ReadModels;

    beforeEach(async () => {
      models = await open();
    });

    afterEach(() => models.close());

    it('give back rows as they were applied', async () => {
      const whole = request('r', {
        user: 'ada',
        labels: { team: 'a', __proto__x: 'b' },
        parked: 'no machine',
        kept: 2,
        startedAt: 2,
        finishedAt: 3,
      });
      const done = { startedAt: 1, attemptAt: 2, finishedAt: 3, reason: 'broken ü' };
      const jobs = [job('r', 0), job('r', 1, { ...done, state: 'failed' })];
      const output = { exit: 2, stdout: 'out', stderr: 'err', reason: 'broken', type: 'copy' };
      const attempts = [
        attempt('r', 0),
        attempt('r', 1, { startedAt: 1, finishedAt: 3, ...output }),
        attempt('r', 'task/main:k', { attempt: 7 }),
      ];
      expect(await models.apply(page({ requests: [whole], jobs, attempts }))).toBe(true);
      expect(await models.request('r')).toEqual(whole);
      expect(await models.jobs('r')).toEqual(jobs);
      expect(await models.attempts('r')).toEqual(attempts);
      expect(await models.request('other')).toBeUndefined();
      expect(await models.jobs('other')).toEqual([]);
      expect(await models.attempts('other')).toEqual([]);
    });

    it('list jobs and attempts by number, however many digits it has', async () => {
      const numbers = [10, 9, 100, 0];
      const jobs = numbers.map((number) => job('r', number));
      const attempts = numbers.flatMap((number) =>
        [11, 2].map((each) => attempt('r', number, { attempt: each })),
      );
      await models.apply(page({ requests: [request('r')], jobs, attempts }));
      expect((await models.jobs('r')).map((each) => each.job)).toEqual([0, 9, 10, 100]);
      const places = (await models.attempts('r')).map((each) => [each.job, each.attempt]);
      expect(places.slice(0, 4)).toEqual([
        [0, 2],
        [0, 11],
        [9, 2],
        [9, 11],
      ]);
    });

    it('keep texts that hold a NUL, with a picture in its place', async () => {
      const attempts = [attempt('r', 0, { stdout: 'a\0b', stderr: '\0' })];
      await models.apply(page({ requests: [request('r')], attempts }));
      expect(await models.attempts('r')).toMatchObject([{ stdout: 'a␀b', stderr: '␀' }]);
    });

    it('begin a partition at zero, and keep its document', async () => {
      const counts = { requests: {}, jobs: {} };
      expect(await models.applied(3)).toEqual({ partition: 3, applied: 0, counts });
      await models.apply(page());
      expect(await models.applied(3)).toMatchObject({ applied: 5, counts: page().counts });
      expect(await models.applied(4)).toMatchObject({ applied: 0 });
    });

    it('refuse the document of a page that does not follow on what is applied', async () => {
      await models.apply(page());
      expect(await models.apply(page({ after: 4, applied: 9 }))).toBe(false);
      expect(await models.apply(page({ after: 0, applied: 9 }))).toBe(false);
      expect(await models.applied(3)).toMatchObject({ applied: 5 });
      expect(await models.apply(page({ after: 5, applied: 9 }))).toBe(true);
      expect(await models.applied(3)).toMatchObject({ applied: 9 });
    });

    it('never let the seq of a row shrink', async () => {
      const rows = (seq: number, state: string) => ({
        requests: [request('r', { seq, state })],
        jobs: [job('r', 0, { seq, state })],
        attempts: [attempt('r', 0, { seq, state })],
      });
      await models.apply(page(rows(5, 'complete')));
      await models.apply(page({ after: 5, applied: 6, ...rows(4, 'running') }));
      expect(await models.request('r')).toMatchObject({ seq: 5, state: 'complete' });
      expect(await models.jobs('r')).toMatchObject([{ seq: 5, state: 'complete' }]);
      expect(await models.attempts('r')).toMatchObject([{ seq: 5, state: 'complete' }]);
      await models.apply(page({ after: 6, applied: 7, ...rows(5, 'failed') }));
      expect(await models.request('r')).toMatchObject({ seq: 5, state: 'failed' });
      expect(await models.jobs('r')).toMatchObject([{ seq: 5, state: 'failed' }]);
    });

    it('add the counts of all partitions up', async () => {
      await models.apply(page());
      const counts = { requests: { running: 2, failed: 1 }, jobs: { complete: 7 } };
      await models.apply(page({ partition: 4, counts }));
      expect(await models.counts()).toEqual({
        requests: { running: 3, failed: 1 },
        jobs: { running: 1, complete: 7 },
      });
    });

    it('find requests by all conditions together', async () => {
      const at = 1767600000000;
      const labels = { team: 'a' };
      const done = { state: 'complete', finishedAt: at + 50 };
      const requests = [
        request('a', { createdAt: at, user: 'ada', labels }),
        request('b', {
          createdAt: at + 10,
          ...done,
          type: 'copy',
          args: '{"dir":"lib","dry":false}',
        }),
        request('c', { createdAt: at + 10, state: 'failed', finishedAt: at + 90, args: 'null' }),
      ];
      await models.apply(page({ requests }));
      const ids = async (filter: Parameters<ReadModels['find']>[0]) =>
        (await models.find(filter)).map(({ id }) => id);
      expect(await ids({})).toEqual(['b', 'c', 'a']);
      expect(await ids({ limit: 1, offset: 1 })).toEqual(['c']);
      expect(await ids({ offset: 2 })).toEqual(['a']);
      expect(await ids({ type: 'deploy' })).toEqual(['c', 'a']);
      expect(await ids({ states: ['failed', 'complete'] })).toEqual(['b', 'c']);
      expect(await ids({ states: [] })).toEqual([]);
      expect(await ids({ user: 'ada' })).toEqual(['a']);
      expect(await ids({ labels: { team: 'a' } })).toEqual(['a']);
      expect(await ids({ labels: { team: 'b' } })).toEqual([]);
      expect(await ids({ args: { dir: 'src', dry: 'true', n: '1.5' } })).toEqual(['a']);
      expect(await ids({ args: { dry: 'false' } })).toEqual(['b']);
      expect(await ids({ args: { dir: 's%' } })).toEqual([]);
      expect(await ids({ since: at + 50 })).toEqual(['c', 'a']);
      expect(await ids({ until: at + 10 })).toEqual(['a']);
      expect(await ids({ type: 'deploy', states: ['running'], until: at })).toEqual([]);
    });

    it('list what runs or waits, the longest first, with what it says', async () => {
      const jobs = [
        job('r', 0, { startedAt: 20 }),
        job('r', 1, { startedAt: 10, state: 'waiting' }),
        job('r', 2, { startedAt: 5, state: 'complete' }),
        job('s', 0, { startedAt: 15, state: 'stopping', attempts: 2 }),
      ];
      await models.apply(page({ requests: [request('r'), request('s')], jobs }));
      await models.say([
        { request: 'r', job: 0, attempt: 1, text: 'reading', at: 21 },
        { request: 's', job: 0, attempt: 1, text: 'of an attempt before', at: 16 },
      ]);
      expect(await models.running()).toEqual([
        jobs[1],
        jobs[3],
        { ...jobs[0], text: 'reading', saidAt: 21 },
      ]);
      expect(await models.running('s')).toEqual([jobs[3]]);
    });

    it('keep the newest text of an attempt until it ends, also one that comes early or late', async () => {
      const say = (text: string, number = 0) =>
        models.say([{ request: 'r', job: number, attempt: 1, text, at: 1 }]);
      const shown = async () => (await models.running('r')).map(({ text }) => text);
      await say('before its row is there');
      await models.apply(page({ requests: [request('r')], jobs: [job('r', 0)] }));
      expect(await shown()).toEqual(['before its row is there']);
      await say('newer');
      expect(await shown()).toEqual(['newer']);
      const over = [job('r', 0, { state: 'complete' })];
      await models.apply(page({ after: 5, applied: 6, requests: [request('r')], jobs: over }));
      await say('late');
      await models.apply(
        page({ after: 6, applied: 7, requests: [request('r')], jobs: [job('r', 0)] }),
      );
      expect(await shown()).toEqual([undefined]);
    });

    it('forget everything when cleared', async () => {
      const jobs = [job('r', 0)];
      await models.apply(page({ requests: [request('r')], jobs, attempts: [attempt('r', 0)] }));
      await models.clear();
      expect(await models.applied(3)).toMatchObject({ applied: 0 });
      expect(await models.find({})).toEqual([]);
      expect(await models.running()).toEqual([]);
      expect(await models.apply(page({ requests: [request('r')] }))).toBe(true);
      expect(await models.jobs('r')).toEqual([]);
      expect(await models.attempts('r')).toEqual([]);
    });
  });
}
