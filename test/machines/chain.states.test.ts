/** Every state of a chain: what comes late changes nothing, and how commands are answered. */
import { describe, expect, test } from 'vitest';
import { chainMachine, stopDeadlineMs } from '../../machines/chain.ts';
import type { ChainEvent } from '../../machines/chain.ts';
import { create, given, job, plan } from './kit.ts';

const stop: ChainEvent = { type: 'request.stop' };
const suspend: ChainEvent = { type: 'request.suspend' };
const resume: ChainEvent = { type: 'request.resume' };

describe('in each state', () => {
  const finished = (outcome: 'complete' | 'failed' | 'stopped'): ChainEvent => ({
    type: 'job.finished',
    job: 0,
    outcome,
    tries: 1,
  });
  const start = create(plan([job(), job({ parents: [0] })]));
  const last: ChainEvent = { type: 'job.finished', job: 1, outcome: 'complete', tries: 1 };
  const histories: Record<string, ChainEvent[]> = {
    pending: [],
    running: [start],
    stopping: [start, stop],
    suspending: [start, suspend],
    suspended: [start, suspend, finished('stopped')],
    complete: [start, finished('complete'), last],
    failed: [start, finished('failed')],
    stopped: [start, stop, finished('stopped')],
  };
  const refused: Record<string, ChainEvent[]> = {
    pending: [stop, suspend, resume],
    running: [resume],
    stopping: [suspend, resume],
    suspending: [stop, resume],
    complete: [suspend, resume],
    failed: [suspend, resume],
    stopped: [suspend, resume],
  };
  const repeated: Record<string, ChainEvent[]> = {
    stopping: [stop],
    suspending: [suspend],
    suspended: [suspend],
    complete: [stop],
    failed: [stop],
    stopped: [stop],
  };
  const active = ['running', 'stopping', 'suspending'];

  test('every state is reached by a history', () => {
    expect(Object.keys(histories).sort()).toEqual(Object.keys(chainMachine.states).sort());
  });

  test.each(Object.entries(histories))('%s: late messages change nothing', (state, events) => {
    const late: ChainEvent[] = [
      last,
      { ...last, job: 99 },
      { type: 'job.waiting', job: 1 },
      { type: 'job.retrying', job: 1 },
      { type: 'sequence.due', sequence: 0 },
      ...(state === 'pending' ? [] : [start]),
      ...(active.includes(state) ? [] : [finished('complete'), finished('failed')]),
    ];
    for (const event of late) {
      const { isIgnored, state: after } = given(chainMachine, undefined, events).when(event);
      expect([after, isIgnored], JSON.stringify(event)).toEqual([state, true]);
    }
  });

  test.each(Object.entries(refused))(
    '%s: a refused command only answers, naming the state',
    (state, commands) => {
      for (const command of commands) {
        const before = given<ChainEvent>(chainMachine, undefined, histories[state] ?? []);
        const { state: after, effects, timers } = before.when(command);
        expect([after, timers]).toEqual([state, []]);
        expect(effects).toMatchObject([{ type: 'answer', ok: false, state }]);
        expect(effects[0]?.['message']).toContain(`is ${state.toUpperCase()}; `);
      }
    },
  );

  test.each(Object.entries(repeated))('%s: asked again, it is so already', (state, commands) => {
    for (const command of commands) {
      const before = given<ChainEvent>(chainMachine, undefined, histories[state] ?? []);
      const { state: after, effects } = before.when(command);
      expect([after, effects]).toEqual([state, [{ type: 'answer', ok: true, state }]]);
    }
  });

  test('stopping and suspending have a deadline', () => {
    for (const command of [stop, suspend]) {
      const { timers } = given<ChainEvent>(chainMachine, undefined, [start]).when(command);
      expect(timers).toMatchObject([{ kind: 'set', afterMs: stopDeadlineMs }]);
    }
  });
});
