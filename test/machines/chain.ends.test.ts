/** How a chain ends that is stopped or suspended, whatever its jobs do meanwhile (specification 12.7, 12.8). */
import { describe, expect, test } from 'vitest';
import { finishedJobs } from '../../machines/progress.ts';
import { begun, Group, job, plan, resume, running, states, stop, suspend } from './kit.ts';

/** 0 → 1 → 2, and 3 beside them; 0 and 1 are a sequence that may be tried twice. */
const retried = plan(
  [job({ sequence: 0 }), job({ parents: [0], sequence: 0 }), job({ parents: [1] }), job()],
  [{ name: 's', first: 0, retries: 1, waitMs: 70 }],
);

describe('stopping', () => {
  test('begins nothing: no successor, no retry of a job, no try of a sequence', () => {
    const group = begun(
      plan([job(), job({ parents: [0] }), job({ retries: 5 }), ...retried.jobs.slice(3)]),
    );
    group.send(stop);
    group.succeed(0);
    group.fail(2);
    expect(running(group)).toEqual([3]);
    group.stopped(3);
    expect([group.state, states(group)]).toEqual([
      'stopped',
      ['complete', 'pending', 'stopped', 'stopped'],
    ]);
  });

  test('leaves a sequence alone whose job fails for good', () => {
    const group = begun(retried);
    group.succeed(0);
    group.send(stop);
    // It ran, so that what it says counts as stopped; what had failed before stays.
    group.fail(1);
    group.stopped(3);
    expect([group.state, states(group), group.sequenceWaits.size]).toEqual([
      'stopped',
      ['complete', 'stopped', 'pending', 'stopped'],
      0,
    ]);
  });

  test('counts what completes meanwhile as finished', () => {
    const group = begun(retried);
    group.send(stop);
    group.succeed(0);
    expect(finishedJobs(group.context.progress)).toBe(1);
  });

  test('of a job in its retry wait ends that at once, with the try counted that never ran', () => {
    const group = begun(plan([job({ retries: 2, retryWaitMs: 9 })]));
    group.fail(0);
    group.send(stop);
    expect([group.state, group.row(0).attempts]).toEqual(['stopped', 2]);
  });
});

describe('suspending', () => {
  test('begins nothing, and what completes meanwhile hands its data on for the resume', () => {
    const group = begun(plan([job(), job({ parents: [0] }), job()]));
    group.send(suspend);
    group.succeed(0, { data: 7 });
    expect(running(group)).toEqual([2]);
    expect(finishedJobs(group.context.progress)).toBe(1);
    group.stopped(2);
    expect([group.state, states(group)]).toEqual(['suspended', ['complete', 'pending', 'stopped']]);
    group.send(resume);
    expect(running(group)).toEqual([1, 2]);
    expect(group.attempts.get(1)?.data).toEqual([7]);
  });

  test('with nothing running ends at once, and a wait begins anew with the resume', () => {
    const group = begun(plan(retried.jobs.slice(0, 2), [...retried.sequences]));
    group.succeed(0);
    group.fail(1);
    expect([...group.sequenceWaits]).toEqual([0]);
    group.send(suspend);
    expect([group.state, group.sequenceWaits.size]).toEqual(['suspended', 0]);
    group.send(resume);
    expect([...group.sequenceWaits]).toEqual([0]);
  });

  test('ends complete when everything is', () => {
    const group = begun(plan([job()]));
    group.send(suspend);
    group.succeed(0);
    expect(group.state).toBe('complete');
  });

  test('ends failed where a job had failed, however long before', () => {
    const group = begun(plan([job(), job(), job({ parents: [1] })]));
    group.fail(0);
    group.succeed(1);
    group.send(suspend);
    group.stopped(2);
    expect(group.state).toBe('failed');
  });

  test('ends failed at the deadline where a worker has begun what is not answered', () => {
    const group = begun(plan([job(), job({ parents: [0] })]));
    group.send(suspend);
    group.tell(0, { type: 'attempt.held', attempt: 1 });
    group.deadlineDue();
    expect([group.state, states(group)]).toEqual(['failed', ['failed', 'pending']]);
  });
});

describe('a suspended request', () => {
  const begin = (suspendedTtlMs?: number): Group => {
    const group = new Group(true);
    group.send({
      type: 'chain.create',
      plan: plan([job()]),
      requestType: 'r',
      args: null,
      ...(suspendedTtlMs !== undefined && { suspendedTtlMs }),
    });
    group.send(suspend);
    return group;
  };

  test('waits for ever unless it has a limit', () => {
    const group = begin();
    expect(group.stopped(0).map(({ type }) => type)).not.toContain('waitExpiry');
    expect(group.send(resume).map(({ type }) => type)).not.toContain('clearExpiry');
  });

  test('fails when its limit is over, and says why', () => {
    const group = begin(50);
    expect(group.stopped(0)).toContainEqual({ type: 'waitExpiry', afterMs: 50 });
    expect(group.send({ type: 'request.expired' })).toContainEqual({
      type: 'ended',
      state: 'failed',
    });
    expect(group.context.reasons).toEqual([
      { reason: 'it was suspended for longer than 50 ms (suspendedTtlMs)' },
    ]);
  });

  test('has its whole time again when it was resumed meanwhile', () => {
    const group = begin(50);
    group.stopped(0);
    expect(group.send(resume)).toContainEqual({ type: 'clearExpiry' });
    group.send(suspend);
    expect(group.stopped(0)).toContainEqual({ type: 'waitExpiry', afterMs: 50 });
    expect(group.send(stop)).toContainEqual({ type: 'clearExpiry' });
  });
});

describe('a resume', () => {
  test('keeps the total of tries, and takes one off those that use up retries', () => {
    const group = begun(plan([job({ retries: 1 })]));
    group.send(suspend);
    group.stopped(0);
    expect(group.row(0)).toMatchObject({ attempts: 1, tries: 1 });
    group.send(resume);
    group.fail(0);
    expect(running(group)).toEqual([0]);
    expect(group.attempts.get(0)).toMatchObject({ attempt: 3 });
    group.fail(0);
    expect([group.state, group.row(0).attempts]).toEqual(['failed', 3]);
  });

  test('leaves what had stopped by itself to run again, and the end to be complete', () => {
    const group = begun(plan([job(), job()]));
    group.stopped(0);
    group.send(suspend);
    group.stopped(1);
    expect(group.state).toBe('suspended');
    group.send(resume);
    group.succeed(0);
    group.succeed(1);
    expect(group.state).toBe('complete');
  });

  test('may come as often as it likes, each time with another number', () => {
    const group = begun(plan([job()]));
    for (let resumption = 1; resumption <= 3; resumption += 1) {
      group.send(suspend);
      group.stopped(0);
      group.send(resume);
      expect(group.attempts.get(0)).toMatchObject({ resumption, attempt: resumption + 1 });
    }
  });
});
