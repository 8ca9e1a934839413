import { describe, expect, it } from 'vitest';
import {
  dropActor,
  noObligations,
  owe,
  owedNow,
  owesNothing,
} from '../../src/runtime/obligations.ts';
import { settleAttempt } from '../../src/runtime/attempts/rows.ts';
import { rememberCommand, seenCommand } from '../../src/runtime/commands.ts';
import { settleTimer } from '../../src/runtime/obligations.ts';
import type { AttemptRow, HeldTimer, Obligations } from '../../src/runtime/obligations.ts';

const row = (attempt: number, actor = 'job/1'): AttemptRow => ({
  actor,
  key: 'attempt',
  job: { type: 'work', args: {}, attempt },
});
const timer = (n: number, actor = 'job/1'): HeldTimer => ({
  actor,
  key: 'nap',
  event: { type: 'woke' },
  due: n,
  seq: 1,
  n,
});
const started = (...rows: AttemptRow[]): Obligations =>
  rows.reduce((held, each) => owe(held, { kind: 'start', row: each })[0], noObligations);
const answer = { type: 'attempt.failed', actor: 'job/1', key: 'attempt', attempt: 2 };

describe('an attempt', () => {
  it('is owed until it is answered, and then nothing is', () => {
    const held = started(row(2));
    expect(owedNow(held)).toEqual([{ kind: 'start', row: row(2) }]);
    expect(owesNothing(held)).toBe(false);
    const settled = settleAttempt(held, answer);
    expect(settled).toMatchObject({ row: row(2) });
    expect(settled !== 'duplicate' && owesNothing(settled.held)).toBe(true);
  });

  it('that is answered again, or was replaced by a later one, makes the answer a duplicate', () => {
    expect(settleAttempt(noObligations, answer)).toBe('duplicate');
    expect(settleAttempt(started(row(2), row(3)), answer)).toBe('duplicate');
  });

  it('that is cancelled owes its start and its cancel until it is answered', () => {
    const [held, owed] = owe(started(row(2)), { kind: 'cancel', actor: 'job/1', key: 'attempt' });
    expect(owed?.kind).toBe('cancel');
    expect(owedNow(held).map(({ kind }) => kind)).toEqual(['start', 'cancel']);
    expect(settleAttempt(held, answer)).not.toBe('duplicate');
  });

  it('that is not there owes no cancel', () => {
    expect(owe(noObligations, { kind: 'cancel', actor: 'job/1', key: 'attempt' })).toEqual([
      noObligations,
      undefined,
    ]);
  });

  it('that is given up is owed nothing, and its late answer is a duplicate', () => {
    const [held] = owe(started(row(2)), { kind: 'forget', actor: 'job/1', key: 'attempt' });
    expect(owesNothing(held)).toBe(true);
    expect(settleAttempt(held, answer)).toBe('duplicate');
  });
});

describe('a timer', () => {
  it('set again replaces the one before, whose firing is a duplicate', () => {
    const [first] = owe(noObligations, { kind: 'timer', timer: timer(1) });
    const [held] = owe(first, { kind: 'timer', timer: timer(2) });
    expect(owedNow(held)).toEqual([{ kind: 'timer', timer: timer(2) }]);
    expect(settleTimer(held, { seq: 1, n: 1 })).toBe('duplicate');
    expect(settleTimer(held, { seq: 1, n: 2 })).toMatchObject({ timer: timer(2) });
  });

  it('that is cleared is not held', () => {
    const [set] = owe(noObligations, { kind: 'timer', timer: timer(1) });
    const [held] = owe(set, { kind: 'clear', actor: 'job/1', key: 'nap' });
    expect(owesNothing(held)).toBe(true);
  });
});

it('an actor that ended takes its own rows with it, and no other’s', () => {
  const [held] = owe(started(row(1), row(1, 'job/2')), { kind: 'timer', timer: timer(1) });
  const left = dropActor(held, 'job/1');
  expect([...left.attempts.values()].map(({ actor }) => actor)).toEqual(['job/2']);
  expect(left.timers.size).toBe(0);
});

it('the last 256 commands are remembered', () => {
  let held = noObligations;
  for (let n = 0; n < 300; n += 1) held = rememberCommand(held, { id: `c${n}`, reply: `${n}` });
  expect(held.commands).toHaveLength(256);
  expect(seenCommand(held, 'c43')).toBeUndefined();
  expect(seenCommand(held, 'c44')?.reply).toBe('44');
  expect(seenCommand(held, 'c299')?.reply).toBe('299');
});
