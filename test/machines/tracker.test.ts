/** What entries make of what the world may know of a request. */
import { describe, expect, it } from 'vitest';
import { find } from '../../machines/chunks.ts';
import { trackerMachine, untracked } from '../../machines/tracker.ts';
import type { Answer, Move, TrackerContext, TrackerEvent } from '../../machines/tracker.ts';
import { given } from './kit.ts';

/** Numbered and timed by `after`. */
function stepped(moves: Move[], fields: object = {}): TrackerEvent {
  return { type: 'entry.stepped', seq: 0, at: 0, moves, ...fields };
}

const numbered = (event: TrackerEvent, index: number): TrackerEvent => ({
  ...event,
  seq: index + 1,
  at: 10 * (index + 1),
});

const move = (kind: string, ids: Move['ids'], from: string, to: string): Move => ({
  kind,
  ids,
  from,
  to,
});
const job = (ids: Move['ids'], from: string, to: string): Move => move('job', ids, from, to);
const chain = (from: string, to: string): Move => move('chain', ['main'], from, to);

function answer(
  number: number,
  outcome: Answer['outcome'],
  attempt: number,
  fields: object = {},
): Answer {
  return { outcome, to: `job/${number}`, key: 'run', attempt, ...fields };
}

/** A chain of jobs, the first of them running. */
function created(count = 3): TrackerEvent {
  const jobs = Array.from({ length: count }, (_, n) => ({ name: `j${n}`, type: 'copy' }));
  const creation = { type: 'deploy', args: '{"a":1}', user: 'ada', jobs };
  return stepped([chain('pending', 'running'), job(['0'], 'pending', 'running')], { creation });
}

const after = (...events: TrackerEvent[]) => afterIn('chain/main', events);

function afterIn(root: string, events: TrackerEvent[]) {
  const [when, ...before] = events.map(numbered).toReversed();
  if (when === undefined) throw new Error('no event is given');
  const group = given(trackerMachine, untracked(root), before.toReversed());
  const { context, effects, state } = group.when(when);
  const { request, jobs } = context as TrackerContext;
  const [changed] = effects as unknown as { jobs: unknown; attempts: object[] }[];
  return { request, state, job: (number: number) => find(jobs, number), changed };
}

describe('the tracker', () => {
  it('knows of a new chain its jobs and counts, and the first attempt', () => {
    const { request, job: row, changed } = after(created());
    expect(request).toEqual({
      ...{
        root: 'chain/main',
        type: 'deploy',
        state: 'running',
        seq: 1,
        args: '{"a":1}',
        user: 'ada',
      },
      ...{ kept: 0, counts: { pending: 2, running: 1 }, total: 3, resumption: 0 },
      ...{ createdAt: 10, startedAt: 10, updatedAt: 10 },
    });
    expect(row(0)).toMatchObject({ state: 'running', attempts: 1, startedAt: 10, attemptAt: 10 });
    expect(changed).toMatchObject({
      jobs: 'all',
      attempts: [{ job: 0, attempt: 1, state: 'running' }],
    });
  });

  it('ends an attempt with its answer, with what its program printed', () => {
    const output = { exit: 0, stdout: 'out', stderr: 'err' };
    const moves = [job(['0'], 'running', 'complete'), job([[1, 2]], 'pending', 'running')];
    const {
      changed,
      job: row,
      request,
    } = after(created(), stepped(moves, { answers: [answer(0, 'succeeded', 1, output)] }));
    expect(changed?.attempts[0]).toEqual({
      ...{
        job: 0,
        name: 'j0',
        type: 'copy',
        attempt: 1,
        state: 'complete',
        startedAt: 10,
        finishedAt: 20,
      },
      ...output,
    });
    expect(changed?.jobs).toEqual([0, 1, 2]);
    expect(row(0)).toMatchObject({ state: 'complete', finishedAt: 20 });
    expect(request.counts).toEqual({ complete: 1, running: 2 });
  });

  it('begins the next attempt with the answer when a retry does not wait, for no transition shows it', () => {
    const failed = stepped([], { answers: [answer(0, 'failed', 1, { reason: 'broken' })] });
    const { changed, job: row } = after(created(), failed);
    expect(changed?.attempts).toMatchObject([
      { attempt: 1, state: 'failed', reason: 'broken', finishedAt: 20 },
      { attempt: 2, state: 'running', startedAt: 20 },
    ]);
    expect(row(0)).toMatchObject({
      state: 'running',
      attempts: 2,
      startedAt: 10,
      attemptAt: 20,
      reason: 'broken',
    });
  });

  it('begins it with the timer when it waits, and skips a number when the wait is stopped (12.4)', () => {
    const failed = stepped([job(['0'], 'running', 'waiting')], {
      answers: [answer(0, 'failed', 1, { reason: 'broken' })],
    });
    const due = stepped([job(['0'], 'waiting', 'running')]);
    expect(after(created(), failed).job(0)).toMatchObject({ state: 'waiting', attempts: 1 });
    expect(after(created(), failed, due).changed?.attempts).toMatchObject([
      { attempt: 2, state: 'running' },
    ]);
    const stop = stepped([job(['0'], 'waiting', 'stopped')]);
    expect(after(created(), failed, stop).job(0)).toMatchObject({ state: 'stopped', attempts: 2 });
    const resumed = stepped([job(['0'], 'stopped', 'pending'), job(['0'], 'pending', 'running')]);
    expect(after(created(), failed, stop, resumed).changed?.attempts).toMatchObject([
      { attempt: 3 },
    ]);
  });

  it('follows what one job did in one entry, whatever order its moves are listed in', () => {
    const moves = [
      job([[1, 2]], 'pending', 'running'),
      job(['2'], 'running', 'failed'),
      job(['1'], 'complete', 'pending'),
      job(['2'], 'failed', 'pending'),
    ];
    const first = stepped([
      job(['0'], 'running', 'complete'),
      job(['1'], 'pending', 'complete'),
      job(['2'], 'pending', 'running'),
    ]);
    const { job: row, request } = after(
      created(),
      first,
      stepped(moves, { answers: [answer(2, 'failed', 1)] }),
    );
    expect(row(1)).toMatchObject({ state: 'running', attempts: 1 });
    expect(row(2)).toMatchObject({ state: 'running', attempts: 2 });
    expect(request.counts).toEqual({ complete: 1, running: 2 });
  });

  it('counts a failure while stopping as stopped, and one without an answer as given up', () => {
    const told = stepped([chain('running', 'stopping'), job(['0'], 'running', 'stopping')]);
    const failed = stepped([job(['0'], 'stopping', 'stopped')], {
      answers: [answer(0, 'failed', 1, { reason: 'aborted' })],
    });
    expect(after(created(), told, failed).changed?.attempts).toMatchObject([
      { state: 'stopped', reason: 'aborted' },
    ]);
    const late = stepped([chain('stopping', 'failed'), job(['0'], 'stopping', 'failed')]);
    const { changed, request } = after(created(), told, late);
    expect(changed?.attempts).toMatchObject([
      { state: 'failed', reason: 'it did not stop in time' },
    ]);
    expect(request).toMatchObject({ state: 'failed', finishedAt: request.updatedAt });
  });

  it('keeps what comes while a group is parked, and takes the answers at the unpark', () => {
    const kept: TrackerEvent = {
      type: 'entry.kept',
      seq: 2,
      at: 20,
      reason: 'its program changed',
    };
    const parked = after(created(), kept, kept);
    expect(parked).toMatchObject({
      state: 'parked',
      request: { parked: 'its program changed', kept: 2, seq: 3 },
    });
    expect(parked.job(0)).toMatchObject({ state: 'running' });
    const answers = [answer(0, 'succeeded', 1), answer(0, 'failed', 1)];
    const unparked = stepped([job(['0'], 'running', 'complete')], { answers });
    const { request, state, changed } = after(created(), kept, unparked);
    expect(state).toBe('following');
    expect(request).toMatchObject({ kept: 0, seq: 3 });
    expect(request.parked).toBeUndefined();
    expect(changed?.attempts).toMatchObject([{ attempt: 1, state: 'complete', finishedAt: 30 }]);
  });

  it('counts resumes, and forgets when a request ended that goes on', () => {
    const suspend = stepped([chain('running', 'suspended')]);
    const resume = stepped([chain('suspended', 'running')]);
    expect(after(created(), suspend, resume).request).toMatchObject({
      resumption: 1,
      state: 'running',
      startedAt: 10,
    });
    const stop = stepped([chain('suspended', 'stopped')]);
    expect(after(created(), suspend, stop).request).toMatchObject({
      resumption: 0,
      state: 'stopped',
    });
  });

  it('makes a request of a group that is no chain, and log rows of its answers', () => {
    const paying = stepped([move('order', ['main'], 'new', 'paying')]);
    const answers = [{ outcome: 'succeeded', to: 'order/main', key: 'pay', attempt: 2 } as const];
    const paid = stepped([move('order', ['main'], 'paying', 'paid')], { answers });
    const { request, changed } = afterIn('order/main', [paying, paid]);
    expect(request).toMatchObject({ type: 'order', state: 'paid', total: 0 });
    expect(changed?.attempts).toEqual([
      { job: 'order/main:pay', name: 'pay', attempt: 2, state: 'complete', finishedAt: 20 },
    ]);
  });
});
