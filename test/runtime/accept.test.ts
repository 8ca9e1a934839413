import { describe, expect, it } from 'vitest';
import { answered, command, rang, Story } from './pure.ts';

function created(options = {}): Story {
  const story = new Story(options);
  story.tell(command('task.create'));
  return story;
}

describe('a command', () => {
  it('that came before gets the same reply and changes nothing', () => {
    const story = created();
    const poke = command('task.poke', { by: 2 });
    const first = story.tell(poke);
    expect(first).toMatchObject({
      verdict: 'accepted',
      turned: { notices: [{ kind: 'reply', data: { count: 2 } }] },
    });
    story.tell(command('task.poke', { by: 5 }));
    expect(story.tell(poke)).toMatchObject({
      verdict: 'duplicate',
      notices: [{ kind: 'reply', data: { ok: true, count: 2 } }],
    });
    expect(story.count).toBe(7);
    expect(story.journal).toHaveLength(3);
  });

  it('that does not fit is rejected with every misfit', () => {
    const judged = created().tell(command('task.poke', { by: 'two', why: 3 }));
    expect(judged.verdict).toBe('rejected');
    const reason = judged.verdict === 'rejected' ? judged.reason : '';
    expect(reason).toMatch(/"task.poke" for g does not fit: by: .*; why: /);
  });

  it('whose body is no JSON is rejected', () => {
    const judged = created().tell({ ...command('task.poke'), body: '{' });
    expect(judged).toMatchObject({
      verdict: 'rejected',
      reason: 'the body of "task.poke" for g is no JSON',
    });
  });

  it('for a request that does not exist is rejected as not found', () => {
    expect(new Story().tell(command('task.poke', { by: 1 }))).toMatchObject({
      verdict: 'rejected',
      code: 'not-found',
      reason: 'request "g" does not exist in this store',
    });
  });

  it('that the actor does not accept is rejected, and says what it does accept', () => {
    const judged = created().tell(command('task.dance'));
    expect(judged).toMatchObject({
      verdict: 'rejected',
      reason: expect.stringContaining('does not accept "task.dance"; it accepts task.create'),
    });
  });

  it('for an unknown kind is rejected, and says which are hosted', () => {
    const judged = created().tell({ ...command('x.y'), to: 'robot/1' });
    expect(judged).toMatchObject({
      verdict: 'rejected',
      reason: 'there is no actor of kind "robot" here; hosted kinds are task',
    });
  });

  it('that starts what exists is told so and changes nothing', () => {
    expect(created().tell(command('task.create'))).toMatchObject({
      verdict: 'duplicate',
      notices: [{ data: { ok: true, existed: true } }],
    });
  });

  it('that the machine has no use for is ignored and not journaled', () => {
    const story = created();
    expect(story.tell(command('task.unknown')).verdict).toBe('ignored');
    expect(story.journal).toHaveLength(1);
  });

  it('that makes the machine never get quiet is rejected and leaves nothing behind', () => {
    const story = created();
    const judged = story.tell(command('task.loop'));
    expect(judged).toMatchObject({
      verdict: 'rejected',
      reason: expect.stringContaining('never gets quiet'),
    });
    expect(story.tell(command('task.poke', { by: 1 })).verdict).toBe('accepted');
  });
});

describe('an answer', () => {
  it('of an earlier attempt, or a second one, is a duplicate', () => {
    const story = created();
    story.tell(command('task.work'));
    story.tell(command('task.work'));
    expect(story.tell(answered(1)).verdict).toBe('duplicate');
    expect(story.tell(answered(2))).toMatchObject({
      verdict: 'accepted',
      answered: { key: 'attempt' },
    });
    expect(story.tell(answered(2)).verdict).toBe('duplicate');
    expect(story.root).toBe('napping');
  });

  it('that does not fit is rejected, and the attempt is still owed', () => {
    const story = created();
    story.tell(command('task.work'));
    expect(story.tell(answered(1, {}, 'attempt.failed'))).toMatchObject({ verdict: 'rejected' });
    expect(story.tell(answered(1, { result: 1 })).verdict).toBe('accepted');
  });

  it('of a type that no attempt has is rejected', () => {
    expect(created().tell(answered(1, {}, 'attempt.vanished'))).toMatchObject({
      verdict: 'rejected',
      reason: '"attempt.vanished" is nothing that workers say',
    });
  });

  it('whose turn leads to an actor that is not hosted parks the group, as it is owed', () => {
    const story = created();
    story.tell(command('task.work'));
    story.tell(command('task.stray'));
    expect(story.tell(command('task.stray'))).toMatchObject({ verdict: 'rejected' });
    story.tell(command('task.alarm', { afterMs: 5 }));
    expect(story.root).toBe('working');
  });
});

describe('a timer', () => {
  it('that is held is delivered once', () => {
    const story = created();
    story.tell(command('task.alarm', { afterMs: 5 }));
    const { seq, n } = [...story.resident.group.obligations.timers.values()][0] ?? { seq: 0, n: 0 };
    expect(story.tell(rang(seq, n)).verdict).toBe('accepted');
    expect(story.count).toBe(100);
    expect(story.tell(rang(seq, n)).verdict).toBe('duplicate');
  });

  it('that was replaced or cleared changes nothing', () => {
    const story = created();
    for (const afterMs of [5, 6]) story.tell(command('task.alarm', { afterMs }));
    expect(story.tell(rang(2, 1)).verdict).toBe('duplicate');
    story.tell(command('task.quiet'));
    expect(story.tell(rang(3, 1)).verdict).toBe('duplicate');
  });

  it('of a named delay ends the nap', () => {
    const story = created();
    story.tell(command('task.work'));
    story.tell(answered(1));
    expect(story.root).toBe('napping');
    expect(story.tell(rang(3, 1)).verdict).toBe('accepted');
    expect(story.root).toBe('idle');
  });
});
