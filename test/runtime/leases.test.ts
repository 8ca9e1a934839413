/** Long attempts: their leases, who renews them, and what becomes of those that nobody renews. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AttemptStart } from '../../src/protocol/attempts.ts';
import { eventually } from '../kit/eventually.ts';
import { openRig, the } from '../kit/rig.ts';
import type { Rig } from '../kit/rig.ts';
import { difference, openTaskAtWork, succeed, typesAtWork } from '../kit/standIn.ts';
import type { StandIn } from '../kit/standIn.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const actors = [taskActor({ throwsAt: 'bad' })];
const periodMs = 60_000;
let folder: string;
let rig: Rig;
let worker: StandIn;
let starts: AttemptStart[];

beforeEach(async () => {
  folder = tempFolder();
  ({ rig, worker, starts } = await openTaskAtWork(actors, folder));
});

afterEach(async () => {
  expect(await difference(rig, 'g')).toBeUndefined();
  await rig.stop();
});

const first = (): AttemptStart => the(starts[0]);
const types = (): Promise<string[]> => typesAtWork(rig);
const lease = (start: AttemptStart, execution: string): Promise<void> =>
  worker.say(start, 'attempt.lease', execution);
const holder = async () =>
  [...(await rig.host.group('g')).group.obligations.attempts.values()][0]?.holder;
/** Lets time pass until the entries are these. */
async function entriesBecome(expected: string[], stepMs = periodMs / 4): Promise<void> {
  await eventually(async () => {
    rig.clock.advance(stepMs);
    expect(await types()).toEqual(expected);
  });
}
/** What is behind it in the partition's queue has been judged when this resolves. */
const settled = (): Promise<unknown> => rig.tell('h', 'task.create');

describe('a lease', () => {
  it('that is taken is journaled, once, and no start is owed for it', async () => {
    await lease(first(), 'e1');
    await eventually(async () => expect(await types()).toEqual(['attempt.lease']));
    expect(await holder()).toMatchObject({ execution: 'e1', lease: 'held' });
    await lease(first(), 'e1');
    await settled();
    expect(await types()).toEqual(['attempt.lease']);
    expect(worker.verdicts()).toEqual([]);
  });

  it('that is renewed is good for ever, at no entry', async () => {
    await lease(first(), 'e1');
    for (let n = 0; n < 12; n += 1) {
      await lease(first(), 'e1');
      await settled();
      rig.clock.advance(periodMs / 2);
      await rig.tell('i', 'task.create');
    }
    expect(await types()).toEqual(['attempt.lease']);
    await rig.answer(first(), 'attempt.failed', { reason: 'no', executionId: 'e1' });
    await eventually(async () => expect(await types()).toHaveLength(2));
    rig.clock.advance(10 * periodMs);
    await settled();
    expect(await types()).toEqual(['attempt.lease', 'attempt.failed']);
  });

  it('that is missed once is suspect, and held again when it is renewed', async () => {
    await lease(first(), 'e1');
    await entriesBecome(['attempt.lease', 'lease.check']);
    expect(await holder()).toMatchObject({ lease: 'suspect' });
    await lease(first(), 'e1');
    await eventually(async () => expect(await types()).toHaveLength(3));
    expect(await holder()).toMatchObject({ execution: 'e1', lease: 'held' });
    expect(starts).toHaveLength(1);
  });

  it('that is missed twice is lost: the attempt starts anew, in the place of that execution', async () => {
    await lease(first(), 'e1');
    await entriesBecome(['attempt.lease', 'lease.check', 'lease.check']);
    await eventually(() => expect(starts).toHaveLength(2));
    expect(starts[1]).toMatchObject({ startId: first().startId, attempt: 1, replaces: 'e1' });
    await lease(first(), 'e1');
    await eventually(() => expect(worker.verdicts()).toEqual(['e1 drop']));
    expect(await worker.confirm(the(starts[1]), 'e2', { redelivered: false })).toBe('run');
    expect(await holder()).toMatchObject({ execution: 'e2' });
  });

  it('of another execution than the one that has it is dropped', async () => {
    await lease(first(), 'e1');
    await lease(first(), 'e2');
    await eventually(() => expect(worker.verdicts()).toEqual(['e2 drop']));
    expect(await types()).toEqual(['attempt.lease']);
  });

  it('of an unknown group, or an attempt that is answered, is dropped and not journaled', async () => {
    const answer = { ...first().answer, group: 'nobody' };
    await lease({ ...first(), answer }, 'e1');
    await rig.answer(first(), 'attempt.succeeded');
    await lease(first(), 'e2');
    await eventually(() => expect(worker.verdicts()).toEqual(['e1 drop', 'e2 drop']));
    expect(await types()).toEqual(['attempt.succeeded']);
    expect(await rig.entries('nobody')).toEqual([]);
  });

  it('that is given back starts the attempt anew, at once', async () => {
    await lease(first(), 'e1');
    await worker.say(first(), 'attempt.return', 'e1');
    await eventually(() => expect(starts).toHaveLength(2));
    expect(starts[1]).toMatchObject({ replaces: 'e1' });
    expect(await types()).toEqual(['attempt.lease', 'attempt.return']);
  });
});

describe('after a loss', () => {
  beforeEach(async () => {
    await lease(first(), 'e1');
    await entriesBecome(['attempt.lease', 'lease.check', 'lease.check']);
    await eventually(() => expect(starts).toHaveLength(2));
  });

  it('a late failure of the lost execution is ignored, before and after the next one has begun', async () => {
    await rig.answer(first(), 'attempt.failed', { reason: 'late', executionId: 'e1' });
    await worker.confirm(the(starts[1]), 'e2');
    await rig.answer(first(), 'attempt.failed', { reason: 'late', executionId: 'e1' });
    await rig.answer(first(), 'attempt.stopped', { executionId: 'e1' });
    await settled();
    expect((await types()).slice(3)).toEqual(['attempt.confirm']);
    await rig.answer(first(), 'attempt.failed', { reason: 'mine', executionId: 'e2' });
    await eventually(async () => expect((await types()).at(-1)).toBe('attempt.failed'));
  });

  it('a success counts whoever says it, once', async () => {
    await worker.confirm(the(starts[1]), 'e2');
    await rig.answer(first(), 'attempt.succeeded', { result: 1, executionId: 'e1' });
    await rig.answer(first(), 'attempt.succeeded', { result: 2, executionId: 'e2' });
    await settled();
    expect((await types()).slice(3)).toEqual(['attempt.confirm', 'attempt.succeeded']);
  });
});

describe('a new owner', () => {
  it('grants a full period, and does not start what has a lease', async () => {
    await lease(first(), 'e1');
    await entriesBecome(['attempt.lease', 'lease.check']);
    rig.clock.advance(periodMs - 1000);
    const next = await succeed(rig, actors);
    rig.clock.advance(periodMs - 1000);
    await rig.tell('h', 'task.create');
    expect(await types()).toHaveLength(2);
    expect(starts).toHaveLength(1);
    await lease(first(), 'e1');
    await eventually(async () => expect(await types()).toHaveLength(3));
    await next.stop();
  });

  it('with a new process and its own broker knows that nobody has the lease', async () => {
    await lease(first(), 'e1');
    await eventually(async () => expect(await types()).toHaveLength(1));
    await rig.stop();
    rig = await openRig({ actors, folder });
    starts = await rig.starts('work');
    await eventually(() => expect(starts).toMatchObject([{ attempt: 1, replaces: 'e1' }]));
    expect(await types()).toEqual(['attempt.lease', 'lease.check']);
  });
});

describe('a parked group', () => {
  it('keeps a lease once for its unpark, lets none be missed, and lets nothing run', async () => {
    await rig.tell('g', 'task.child', { child: 1 });
    await rig.tell('g', 'task.work', {}, { to: 'task/1' });
    await eventually(() => expect(starts).toHaveLength(2));
    const child = the(starts[1]);
    await lease(first(), 'e1');
    await rig.answer(child, 'attempt.succeeded', { result: 'bad' });
    await eventually(async () => expect((await rig.host.group('g')).parked).toBeDefined());
    const before = (await types()).length;
    rig.clock.advance(3 * periodMs);
    await settled();
    expect(await worker.confirm(first(), 'e3')).toBe('drop');
    await lease(first(), 'e1');
    await settled();
    expect(await types()).toHaveLength(before);
    await rig.tell('g', 'group.unpark', { skip: true });
    expect(await holder()).toMatchObject({ execution: 'e1', lease: 'held' });
  });
});
