import { describe, expect, it } from 'vitest';
import { answered, command, Story } from './pure.ts';

const unpark = (body: unknown = {}) => ({ ...command('group.unpark', body), to: 'task/main' });

/** Threw at the answer of its attempt; two pokes and a second copy of the answer came after. */
function parked(): Story {
  const story = new Story({ throwsAt: 'bad' });
  story.tell(command('task.create'));
  story.tell(command('task.work'));
  story.tell(answered(1, { result: 'bad' }));
  story.tell(command('task.poke', { by: 1 }));
  story.tell(answered(1, { result: 'bad' }));
  story.tell(command('task.poke', { by: 2 }));
  return story;
}

describe('a machine that throws at an answer it is owed', () => {
  it('parks its group; what comes after is journaled, flagged, and kept unstepped', () => {
    const story = parked();
    expect(story.resident.parked).toBe('attempt.succeeded for task/main threw: cannot take it');
    expect(story.journal.map(({ parked: why }) => why !== undefined)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(story.resident.kept).toHaveLength(4);
    expect(story.resident.group.seq).toBe(6);
    expect(story.root).toBe('working');
  });

  it('takes at unpark what was kept, in order and each once, and says how many', () => {
    const story = parked().restarted();
    const judged = story.tell(unpark());
    expect(judged).toMatchObject({
      verdict: 'accepted',
      turned: { notices: [{ kind: 'reply', data: { ok: true, stepped: 4, skipped: 0 } }] },
    });
    expect(story.root).toBe('napping');
    expect(story.count).toBe(3);
    expect(story.resident.parked).toBeUndefined();
    expect(story.tell(command('task.poke', { by: 4 })).verdict).toBe('accepted');
    expect(story.journal.at(-1)?.seq).toBe(8);
  });

  it('stays parked when it still throws, and says at which entry', () => {
    const story = parked();
    expect(story.tell(unpark())).toMatchObject({
      verdict: 'rejected',
      code: 'state',
      reason:
        'entry 3 still cannot be stepped: attempt.succeeded for task/main threw: cannot take it',
    });
    expect(story.resident.kept).toHaveLength(4);
  });

  it('goes on without the message that throws when told to skip, which is set aside', () => {
    const story = new Story({ throwsAt: 'bad' });
    story.tell(command('task.create'));
    story.tell(command('task.work'));
    story.tell(answered(1, { result: 'bad' }));
    story.tell(command('task.poke', { by: 1 }));
    const judged = story.tell(unpark({ skip: true }));
    expect(judged).toMatchObject({
      verdict: 'accepted',
      turned: {
        notices: [
          {
            kind: 'aside',
            type: 'attempt.succeeded',
            reason: expect.stringContaining('cannot take it'),
          },
          { kind: 'reply', data: { stepped: 1, skipped: 1 } },
        ],
      },
    });
    expect(story.count).toBe(1);
    expect(story.root).toBe('working');
  });

  it('is not held up by a kept command that does not fit', () => {
    const story = parked().restarted();
    expect(story.tell(command('task.poke', { by: 'many' })).verdict).toBe('parked');
    const judged = story.tell(unpark());
    expect(judged).toMatchObject({
      verdict: 'accepted',
      turned: { notices: [{ kind: 'aside' }, { data: { stepped: 4, skipped: 1 } }] },
    });
    expect(story.count).toBe(3);
  });

  it('sends at unpark all that the group owes, as nobody did meanwhile', () => {
    const story = parked().restarted();
    story.tell(command('task.alarm', { afterMs: 5 }));
    const judged = story.tell(unpark());
    expect(judged.verdict === 'accepted' && judged.turned.owed.map(({ kind }) => kind)).toEqual([
      'timer',
      'timer',
    ]);
  });
});

it('a replay of a journal with parked entries and an unpark gives the same group', () => {
  const story = parked().restarted();
  story.tell(unpark());
  story.tell(command('task.work'));
  const again = story.restarted();
  expect(again.resident.parked).toBeUndefined();
  expect(again.resident.group.obligations).toEqual(story.resident.group.obligations);
  expect(again.resident.group.seq).toBe(story.resident.group.seq);
  expect([again.root, again.count]).toEqual([story.root, story.count]);
});

it('an unpark of a group that is not parked, or with a body that is none, is rejected', () => {
  const story = new Story();
  story.tell(command('task.create'));
  expect(story.tell(unpark())).toMatchObject({
    verdict: 'rejected',
    code: 'state',
    reason: 'request "g" is not parked',
  });
  expect(parked().tell({ ...unpark(), body: 'no' })).toMatchObject({
    verdict: 'rejected',
    reason: expect.stringContaining('must be {}'),
  });
});
