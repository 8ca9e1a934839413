/** One job: attempts, retries, stop; and that what comes late changes nothing. */
import { getShortestPaths } from 'xstate/graph';
import { describe, expect, test } from 'vitest';
import { jobMachine } from '../../machines/job.ts';
import type { JobEvent, JobStart } from '../../machines/job.ts';
import { given } from './kit.ts';

const start: JobStart = {
  type: 'job.start',
  job: 3,
  name: 'load',
  jobType: 'load',
  args: { a: 1 },
  retries: 1,
  retryWaitMs: 50,
  attempts: 4,
  tries: 0,
  resumption: 2,
  data: [7],
  results: { read: [1, null] },
};
const failed = (attempt: number, more: object = {}): JobEvent => ({
  type: 'attempt.failed',
  attempt,
  reason: 'broken',
  ...more,
});
const succeeded = (attempt: number): JobEvent => ({
  type: 'attempt.succeeded',
  attempt,
  result: 8,
  data: 9,
});
const stopped = (attempt: number): JobEvent => ({ type: 'attempt.stopped', attempt });
const held = (attempt: number): JobEvent => ({ type: 'attempt.held', attempt });
const stop: JobEvent = { type: 'job.stop' };
const exhaust: JobEvent = { type: 'job.exhaust' };
const abandon: JobEvent = { type: 'job.abandon' };
const due = { type: 'xstate.after.retryWait.job.waiting' } as unknown as JobEvent;

/** Given the job with this input and events. */
const after = (events: JobEvent[], input: Partial<JobStart> = {}) => {
  const begun = { ...start, ...input };
  return given<JobEvent>(jobMachine, begun, events.length === 0 ? [] : [begun, ...events.slice(1)]);
};
const running = [start];
const waiting = [start, failed(5)];
const stopping = [start, stop];

describe('attempts', () => {
  test('the first attempt is numbered after all tries so far', () => {
    const { state, effects } = after([]).when(start);
    expect(state).toBe('running');
    expect(effects).toEqual([
      {
        type: 'startAttempt',
        job: 3,
        name: 'load',
        jobType: 'load',
        attempt: 5,
        args: { a: 1 },
        data: [7],
        results: { read: [1, null] },
        resumption: 2,
      },
    ]);
  });

  test('a success ends it with result and data', () => {
    const { state, effects } = after(running).when(succeeded(5));
    expect(state).toBe('complete');
    expect(effects).toEqual([
      { type: 'reportOutcome', job: 3, outcome: 'complete', tries: 1, result: 8, data: 9 },
    ]);
  });

  test('a success without data passes on the only map it was given', () => {
    const event: JobEvent = { type: 'attempt.succeeded', attempt: 5 };
    expect(after(running).when(event).effects).toMatchObject([{ data: 7 }]);
    const of = after(running, { data: [7, 8] }).when(event).effects;
    expect(of).toEqual([{ type: 'reportOutcome', job: 3, outcome: 'complete', tries: 1 }]);
  });

  test('a failure with a retry left counts the next try and waits', () => {
    const { state, effects, timers } = after(running).when(failed(5));
    expect(state).toBe('waiting');
    expect(effects).toEqual([{ type: 'reportWaiting', job: 3 }]);
    expect(timers).toMatchObject([{ kind: 'set', afterMs: 50, event: due }]);
    expect(after(waiting).when(stop).effects).toMatchObject([{ outcome: 'stopped', tries: 2 }]);
  });

  test('after the wait the next attempt starts with what the failed one wrote', () => {
    const { state, effects } = after([start, failed(5, { data: 6 })]).when(due);
    expect(state).toBe('running');
    expect(effects).toMatchObject([
      { type: 'reportRetrying', job: 3 },
      { type: 'startAttempt', attempt: 6, data: [6] },
    ]);
  });

  test('without a wait the next attempt starts at once', () => {
    const { state, effects, timers } = after(running, { retryWaitMs: 0 }).when(failed(5));
    expect(state).toBe('running');
    expect(timers).toEqual([]);
    expect(effects).toMatchObject([{ type: 'startAttempt', attempt: 6 }]);
  });

  test('the wait that an attempt asks for holds once', () => {
    const once = after(running, { retries: 2 }).when(failed(5, { retryAfterMs: 900 }));
    expect(once.timers).toMatchObject([{ afterMs: 900 }]);
    const events = [start, failed(5, { retryAfterMs: 900 }), due];
    expect(after(events, { retries: 2 }).when(failed(6)).timers).toMatchObject([{ afterMs: 50 }]);
  });

  test('it fails when no retry is left, when the failure is final, and when it is exhausted', () => {
    const outcome = [{ type: 'reportOutcome', outcome: 'failed', reason: 'broken' }];
    expect(after([start, failed(5), due]).when(failed(6)).effects).toMatchObject(outcome);
    expect(after(running, { tries: 1 }).when(failed(5)).effects).toMatchObject(outcome);
    expect(after(running).when(failed(5, { final: true })).effects).toMatchObject(outcome);
    expect(after([start, exhaust]).when(failed(5)).effects).toMatchObject(outcome);
    expect(after(waiting).when(exhaust).effects).toMatchObject(outcome);
  });

  test('an exhausted job may still succeed', () => {
    expect(after([start, exhaust]).when(succeeded(5)).state).toBe('complete');
  });

  test('job code may ask for stopped by itself', () => {
    expect(after(running).when(stopped(5)).state).toBe('stopped');
  });
});

describe('stop', () => {
  test('a running attempt is cancelled, and its answer decides', () => {
    const { state, effects } = after(running).when(stop);
    expect(state).toBe('stopping');
    expect(effects).toEqual([{ type: 'cancelAttempt', job: 3, attempt: 5 }]);
    expect(after(stopping).when(stopped(5)).state).toBe('stopped');
    expect(after(stopping).when(failed(5)).state).toBe('stopped');
    expect(after(stopping).when(succeeded(5)).state).toBe('complete');
  });

  test('a wait ends at once', () => {
    const { state, timers } = after(waiting).when(stop);
    expect(state).toBe('stopped');
    expect(timers).toMatchObject([{ kind: 'clear' }]);
  });

  test('at the deadline an attempt that no worker has begun has stopped, and is forgotten', () => {
    for (const events of [running, stopping]) {
      const { state, effects } = after(events).when(abandon);
      expect(state).toBe('stopped');
      expect(effects).toMatchObject([
        { type: 'forgetAttempt', attempt: 5 },
        { type: 'reportOutcome', outcome: 'stopped' },
      ]);
    }
  });

  test('at the deadline one that was begun has failed, and is forgotten', () => {
    for (const events of [
      [...running, held(5)],
      [...stopping, held(5)],
    ]) {
      const { state, effects } = after(events).when(abandon);
      expect(state).toBe('failed');
      expect(effects).toMatchObject([
        { type: 'forgetAttempt', attempt: 5 },
        { type: 'reportOutcome', outcome: 'failed', reason: 'it did not stop in time' },
      ]);
    }
    expect(after(waiting).when(abandon).state).toBe('failed');
  });

  test('that the attempt before it was begun says nothing of the next', () => {
    const again = [start, held(5), failed(5, { retryAfterMs: 0 })];
    expect(after(again).when(abandon).state).toBe('stopped');
    expect(after([...again, held(6)]).when(abandon).state).toBe('failed');
  });
});

describe('what comes late changes nothing', () => {
  const everything = [start, stop, exhaust, abandon, due, succeeded(5), failed(5), stopped(5)];
  const foreign = [4, 6].flatMap((attempt) => [
    succeeded(attempt),
    failed(attempt),
    stopped(attempt),
    held(attempt),
  ]);
  const late: [string, JobEvent[], JobEvent[]][] = [
    ['pending', [], everything.filter(({ type }) => type !== 'job.start')],
    ['running', running, [start, due, ...foreign]],
    ['waiting', waiting, [start, succeeded(5), failed(5), stopped(5), ...foreign]],
    ['stopping', stopping, [start, stop, exhaust, due, ...foreign]],
    ['complete', [start, succeeded(5)], [...everything, ...foreign]],
    ['failed', [start, failed(5, { final: true })], [...everything, ...foreign]],
    ['stopped', [start, stopped(5)], [...everything, ...foreign]],
  ];
  test.each(late)('%s', (state, events, ignored) => {
    for (const event of ignored) {
      expect(after(events).when(event), JSON.stringify(event)).toMatchObject({
        state,
        isIgnored: true,
      });
    }
  });
});

test('every state is reachable', () => {
  const events = [start, failed(5), failed(6), succeeded(5), stopped(5), stop, due];
  const paths = getShortestPaths(jobMachine, {
    input: start,
    events,
    limit: 10_000,
    serializeState: ({ value, context }) => JSON.stringify([value, context]),
  });
  const reached = new Set(paths.map(({ state }) => state.value));
  expect([...reached].sort()).toEqual(Object.keys(jobMachine.states).sort());
});
