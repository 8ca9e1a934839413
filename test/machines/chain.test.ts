/** A chain and its jobs: order, limits, data, sequence retry, stop, suspend, resume. */
import { describe, expect, test } from 'vitest';
import type { Plan, PlanJob, PlanSequence } from '../../machines/graph.ts';
import { finishedJobs } from '../../machines/progress.ts';
import { begun, job, plan, resume, running, states, stop, suspend } from './kit.ts';

/** 0 → 1, 2 side by side → 3, all of one sequence. */
const diamond = (retries = 1, waitMs = 0, fields: Partial<PlanJob> = {}): Plan => {
  const parents = [[], [0], [0], [1, 2]];
  const jobs = parents.map((list, number) =>
    job({ parents: list, sequence: 0, ...(number === 2 ? fields : {}) }),
  );
  return plan(jobs, [{ name: 's', first: 0, retries, waitMs }]);
};

describe('order', () => {
  test('a chain without jobs, or with no-ops only, is complete at once', () => {
    for (const of of [
      plan([]),
      plan([job({ type: 'noop' }), job({ type: 'noop', parents: [0] })]),
    ]) {
      const group = begun(of);
      expect(group.state).toBe('complete');
      expect(group.log.at(-1)).toEqual({ type: 'ended', state: 'complete' });
      expect(finishedJobs(group.context.progress)).toBe(of.jobs.length);
    }
  });

  test('a job begins when its last parent is complete', () => {
    const group = begun(plan([job(), job(), job({ parents: [0, 1] })]));
    expect(running(group)).toEqual([0, 1]);
    group.succeed(1);
    expect(running(group)).toEqual([0]);
    group.succeed(0);
    expect(running(group)).toEqual([2]);
    group.succeed(2);
    expect(group.state).toBe('complete');
  });

  test('a failed job does not keep other branches from ending', () => {
    const group = begun(plan([job(), job(), job({ parents: [0] }), job({ parents: [1] })]));
    group.fail(0);
    group.succeed(1);
    expect(group.state).toBe('running');
    group.succeed(3);
    expect(group.state).toBe('failed');
    expect(states(group)).toEqual(['failed', 'complete', 'pending', 'complete']);
    expect(group.context.reasons).toEqual([{ job: 0, reason: 'broken' }]);
  });

  test('a job that stops by itself makes the chain fail', () => {
    const group = begun(plan([job()]));
    group.stopped(0);
    expect(group.state).toBe('failed');
  });

  test('a job type named like a member of every object is one like others', () => {
    const group = begun(plan([job({ type: 'constructor' }), job({ parents: [0] })]));
    group.succeed(0, { result: 4 });
    expect(group.attempts.get(1)?.results).toEqual({ constructor: [4] });
  });

  test('at most twenty reasons are kept, cut at 1024 characters', () => {
    const group = begun(plan(Array.from({ length: 30 }, () => job())));
    for (let number = 0; number < 30; number += 1) {
      const failure = { outcome: 'failed', tries: 1, reason: 'x'.repeat(5000) } as const;
      group.send({ type: 'job.finished', job: number, ...failure });
    }
    expect(group.context.reasons.map((each) => each.job)).toEqual([...Array(30).keys()].slice(10));
    expect(group.context.reasons[0]?.reason).toHaveLength(1024);
  });
});

describe('limit', () => {
  test('at most maxStarted attempts of a type are unanswered, first in first out', () => {
    const group = begun(plan([job(), job(), job(), job({ type: 'u' })], [], 1));
    expect(running(group)).toEqual([0, 3]);
    group.succeed(0);
    expect(running(group)).toEqual([1, 3]);
  });

  test('a job in its retry wait makes room', () => {
    const group = begun(plan([job({ retries: 1, retryWaitMs: 9 }), job()], [], 1));
    group.fail(0);
    expect(running(group)).toEqual([1]);
    group.retryDue(0);
    expect(running(group)).toEqual([0, 1]);
    expect(group.context.progress.started).toEqual({ t: 2 });
  });
});

describe('data', () => {
  test('a no-op joins the maps of its parents for its children', () => {
    const jobs = [
      job(),
      job(),
      job({ type: 'noop', parents: [0, 1] }),
      job({ parents: [2] }),
      job({ parents: [0, 2] }),
    ];
    const group = begun(plan(jobs));
    group.succeed(1, { data: 11, result: 1 });
    group.succeed(0, { data: 10, result: 0 });
    expect(group.attempts.get(3)).toMatchObject({ data: [11, 10], results: {} });
    expect(group.attempts.get(4)).toMatchObject({ data: [11, 10], results: { t: [0] } });
  });

  test("a failed job that reports no map keeps its earlier one, below its parents' newer", () => {
    const jobs = [
      job({ sequence: 0 }),
      job({ parents: [0], sequence: 0 }),
      job({ parents: [0], sequence: 0 }),
    ];
    const join = job({ parents: [1, 2], sequence: 0 });
    const group = begun(plan([...jobs, join], [{ name: 's', first: 0, retries: 2, waitMs: 0 }]));
    const parents = [20, 40];
    group.succeed(0);
    group.succeed(1, { data: 10 });
    group.succeed(2, { data: 11 });
    group.fail(3, { data: 12 });
    for (const data of parents) {
      group.succeed(0);
      group.succeed(1, { data });
      group.succeed(2, { data: data + 1 });
      expect(group.attempts.get(3)?.data).toEqual([12, data, data + 1]);
      if (data === 20) group.fail(3);
    }
  });
});

describe('sequence retry', () => {
  test('resets the sequence, counts another try, and goes on with attempt numbers', () => {
    const group = begun(diamond());
    group.succeed(0);
    group.succeed(1);
    const effects = group.fail(2);
    expect(effects).toContainEqual({
      type: 'rowsChanged',
      from: 'complete',
      to: 'pending',
      jobs: [0, 1],
    });
    expect(effects).toContainEqual({
      type: 'rowsChanged',
      from: 'failed',
      to: 'pending',
      jobs: [2],
    });
    expect(group.attempts.get(0)).toMatchObject({ attempt: 2 });
    expect(finishedJobs(group.context.progress)).toBe(0);
    group.succeed(0);
    expect(group.attempts.get(2)).toMatchObject({ attempt: 2 });
    group.fail(2);
    group.succeed(1);
    expect(group.state).toBe('failed');
  });

  test('waits for siblings that run, which get no further retry (SPIN-501)', () => {
    const group = begun(diamond(1, 0, { retries: 5 }));
    group.succeed(0);
    expect(group.fail(1)).toContainEqual({ type: 'tellJob', job: 2, event: 'job.exhaust' });
    expect(running(group)).toEqual([2]);
    expect(states(group)).toEqual(['complete', 'failed', 'running', 'pending']);
    group.fail(2);
    expect(running(group)).toEqual([0]);
    expect(group.context.progress.sequences.chunks).toEqual([[{ tries: 2, running: 1 }]]);
  });

  test('a sibling in its retry wait does not hold it up', () => {
    const group = begun(diamond(1, 0, { retries: 5, retryWaitMs: 9 }));
    group.succeed(0);
    group.fail(2);
    group.fail(1);
    expect(running(group)).toEqual([0]);
    expect(group.retryWaits.size).toBe(0);
  });

  test('waits for the retry wait of the sequence', () => {
    const group = begun(diamond(1, 70));
    group.succeed(0);
    group.succeed(1);
    const wait = { type: 'waitSequence', sequence: 0, afterMs: 70 };
    expect(group.fail(2)).toContainEqual(wait);
    expect([group.state, running(group)]).toEqual(['running', []]);
    group.sequenceDue(0);
    expect(running(group)).toEqual([0]);
  });

  test('only the innermost is retried, and its budget is shared over outer tries', () => {
    const jobs = [
      job({ sequence: 0 }),
      job({ parents: [0], sequence: 1 }),
      job({ parents: [1], sequence: 1 }),
      job({ parents: [2], sequence: 0 }),
    ];
    const sequences: PlanSequence[] = [
      { name: 'outer', first: 0, retries: 1, waitMs: 0 },
      { name: 'inner', first: 1, retries: 1, waitMs: 30, parent: 0 },
    ];
    const group = begun(plan(jobs, sequences));
    for (const each of [0, 1, 2]) group.succeed(each);
    group.fail(3);
    group.succeed(0);
    expect([...group.sequenceWaits]).toEqual([1]);
    group.sequenceDue(1);
    group.succeed(1);
    group.fail(2);
    expect(group.state).toBe('failed');
  });
});

describe('stop', () => {
  test('running jobs are told, and the last answer ends it', () => {
    const group = begun(plan([job(), job(), job({ parents: [0] })]));
    const effects = group.send(stop);
    expect(effects).toContainEqual({ type: 'answer', ok: true, state: 'stopping' });
    group.succeed(0);
    expect(group.state).toBe('stopping');
    group.stopped(1);
    expect(group.state).toBe('stopped');
    expect(states(group)).toEqual(['complete', 'stopped', 'pending']);
  });

  test('with nothing running it ends at once, and clears the wait of a sequence', () => {
    const group = begun(diamond(1, 70));
    group.succeed(0);
    group.succeed(1);
    group.fail(2);
    const effects = group.send(stop);
    expect(effects).toEqual([
      { type: 'clearSequence', sequence: 0 },
      { type: 'answer', ok: true, state: 'stopped' },
      { type: 'ended', state: 'stopped' },
    ]);
  });

  test('a job failed before makes the end failed', () => {
    const group = begun(plan([job(), job()]));
    group.fail(0);
    group.send(stop);
    group.stopped(1);
    expect(group.state).toBe('failed');
  });

  test('all complete while stopping is complete', () => {
    const group = begun(plan([job()]));
    group.send(stop);
    group.succeed(0);
    expect(group.state).toBe('complete');
  });

  test('at the deadline what a worker has begun, and not answered, has failed', () => {
    const group = begun(plan([job(), job({ parents: [0] })]));
    group.send(stop);
    group.tell(0, { type: 'attempt.held', attempt: 1 });
    const effects = group.deadlineDue();
    expect(group.state).toBe('failed');
    expect(effects).toContainEqual({ type: 'forgetAttempt', job: 0, attempt: 1 });
    expect(states(group)).toEqual(['failed', 'pending']);
    expect(group.attempts.size).toBe(0);
  });
});

test('at the deadline what no worker has begun has stopped, and runs after a resume', () => {
  const group = begun(plan([job()]));
  group.send(suspend);
  const effects = group.deadlineDue();
  expect(effects).toContainEqual({ type: 'forgetAttempt', job: 0, attempt: 1 });
  expect([group.state, group.row(0)]).toMatchObject(['suspended', { state: 'stopped' }]);
  group.send(resume);
  group.succeed(0);
  expect(group.state).toBe('complete');
});

describe('suspend and resume', () => {
  test('a resumed job goes on with its numbers and its retries', () => {
    const group = begun(plan([job({ retries: 1, retryWaitMs: 9 })]));
    group.fail(0);
    group.send(suspend);
    expect([group.state, group.row(0)]).toMatchObject([
      'suspended',
      { state: 'stopped', attempts: 2, tries: 2 },
    ]);
    const effects = group.send(resume);
    expect(effects).toContainEqual({
      type: 'rowsChanged',
      from: 'stopped',
      to: 'pending',
      jobs: [0],
    });
    expect(group.attempts.get(0)).toMatchObject({ attempt: 3, resumption: 1 });
    group.fail(0);
    expect(group.state).toBe('failed');
  });

  test('a sequence to be retried is rolled back, and waits when it is resumed', () => {
    const group = begun(diamond(1, 70));
    group.succeed(0);
    group.fail(1);
    group.send(suspend);
    const effects = group.stopped(2);
    expect(group.state).toBe('suspended');
    expect(states(group)).toEqual(['pending', 'pending', 'pending', 'pending']);
    expect(effects.filter(({ type }) => type === 'waitSequence')).toEqual([]);
    expect(group.send(resume)).toContainEqual({ type: 'waitSequence', sequence: 0, afterMs: 70 });
  });

  test('a stopped first job does not use up a try of its sequence', () => {
    const group = begun(diamond(0, 70));
    group.send(suspend);
    group.stopped(0);
    group.send(resume);
    expect(running(group)).toEqual([0]);
    expect(group.context.progress.sequences.chunks).toEqual([[{ tries: 1, running: 1 }]]);
  });

  test('no-ops that become runnable while suspending are completed by the resume', () => {
    const group = begun(plan([job(), job({ type: 'noop', parents: [0] })]));
    group.send(suspend);
    group.succeed(0);
    expect(group.state).toBe('suspended');
    expect(group.send(resume)).toContainEqual({ type: 'answer', ok: true, state: 'complete' });
    expect(group.state).toBe('complete');
  });

  test('a suspended request can be stopped', () => {
    const group = begun(plan([job()]));
    group.send(suspend);
    group.stopped(0);
    expect(group.send(stop)).toEqual([
      { type: 'answer', ok: true, state: 'stopped' },
      { type: 'ended', state: 'stopped' },
    ]);
  });
});
