import { describe, expect, it } from 'vitest';
import { emptyGroup, rootState } from '../../src/runtime/group.ts';
import { turn } from '../../src/runtime/turn.ts';
import { createRegistry } from '../../src/runtime/registry.ts';
import { taskActor } from '../kit/taskActor.ts';
import { answered, command, day, rang, Story } from './pure.ts';

const registry = createRegistry([taskActor()]);
const to = 'task/main';
const create = { to, event: { type: 'task.create' }, at: day };

describe('a turn', () => {
  it('creates the actor that its message starts, as the root', () => {
    const { group, isIgnored } = turn(registry, emptyGroup('g'), create);
    expect(group).toMatchObject({ seq: 1, root: to, createdAt: day, at: day });
    expect(rootState(group)).toBe('idle');
    expect(isIgnored).toBe(false);
  });

  it('that changes nothing and asks for nothing is ignored', () => {
    const { group } = turn(registry, emptyGroup('g'), create);
    expect(turn(registry, group, { to, event: { type: 'what' }, at: day }).isIgnored).toBe(true);
  });

  it('delivers inside the group at once, and starts actors there', () => {
    const { group } = turn(registry, emptyGroup('g'), create);
    const after = turn(registry, group, {
      to,
      event: { type: 'task.child', child: 7 },
      at: day,
    }).group;
    expect([...after.actors.keys()]).toEqual([to, 'task/7']);
    expect(after.root).toBe(to);
  });

  it('drops an actor that ended with all that it owed; a late event for it changes nothing', () => {
    const at = day;
    let { group } = turn(registry, emptyGroup('g'), create);
    group = turn(registry, group, { to, event: { type: 'task.child', child: 7 }, at }).group;
    group = turn(registry, group, {
      to: 'task/7',
      event: { type: 'task.alarm', afterMs: 5 },
      at,
    }).group;
    expect(group.obligations.timers.size).toBe(1);
    const ended = turn(registry, group, { to: 'task/7', event: { type: 'task.end' }, at });
    expect(ended.transitions).toEqual([{ actor: 'task/7', from: 'idle', to: 'ended' }]);
    expect([...ended.group.actors.keys()]).toEqual([to]);
    expect(ended.group.obligations.timers.size).toBe(0);
    expect(
      turn(registry, ended.group, { to: 'task/7', event: { type: 'task.poke', by: 1 }, at })
        .isIgnored,
    ).toBe(true);
  });

  it('keeps a root that ended, to answer whoever asks', () => {
    const { group } = turn(registry, emptyGroup('g'), create);
    const ended = turn(registry, group, { to, event: { type: 'task.end' }, at: day }).group;
    expect(rootState(ended)).toBe('ended');
    const poked = turn(registry, ended, { to, event: { type: 'task.poke', by: 1 }, at: day });
    expect(poked.notices).toEqual([{ kind: 'reply', data: { ok: true, count: 1 } }]);
  });

  it('does not change the group that it was given', () => {
    const { group } = turn(registry, emptyGroup('g'), create);
    const before = JSON.stringify([...group.actors]);
    turn(registry, group, { to, event: { type: 'task.work' }, at: day });
    expect(JSON.stringify([...group.actors])).toBe(before);
    expect(group.obligations.attempts.size).toBe(0);
  });

  it('sends nothing for what it both asked for and took back', () => {
    const { group } = turn(registry, emptyGroup('g'), create);
    const work = turn(registry, group, { to, event: { type: 'task.work' }, at: day });
    expect(work.owed.map(({ kind }) => kind)).toEqual(['start']);
    const forgot = turn(registry, work.group, { to, event: { type: 'task.forget' }, at: day });
    expect(forgot.owed).toEqual([]);
    const cancelled = turn(registry, work.group, { to, event: { type: 'task.cancel' }, at: day });
    expect(cancelled.owed.map(({ kind }) => kind)).toEqual(['cancel']);
  });
});

it('the same messages at the same times give the same group, transitions and ids', () => {
  const messages = [
    command('task.create'),
    command('task.work'),
    answered(1, { result: { a: 1 } }),
    rang(3, 1),
    command('task.poke', { by: 3 }),
    command('task.alarm', { afterMs: 10 }),
    command('task.child', { child: 1 }),
  ];
  const [one, two] = [new Story(), new Story()];
  for (const message of messages) {
    one.tell(message);
    two.tell(message);
  }
  expect(two.journal).toEqual(one.journal);
  expect(JSON.stringify([...two.resident.group.actors])).toBe(
    JSON.stringify([...one.resident.group.actors]),
  );
  expect(two.resident.group.obligations).toEqual(one.resident.group.obligations);
});
