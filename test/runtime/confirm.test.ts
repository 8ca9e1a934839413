/** Starts that were handed over before, or sent under an older claim: who may run them, and for how long they are given out. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AttemptStart } from '../../src/protocol/attempts.ts';
import { partitionReconcile } from '../../src/protocol/forOwner.ts';
import { tellOwner } from '../../src/runtime/toOwner.ts';
import { eventually } from '../kit/eventually.ts';
import { the } from '../kit/rig.ts';
import type { Rig } from '../kit/rig.ts';
import { difference, openTaskAtWork, succeed, typesAtWork } from '../kit/standIn.ts';
import type { StandIn } from '../kit/standIn.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const actors = [taskActor({ throwsAt: 'bad' })];
let rig: Rig;
let worker: StandIn;
let starts: AttemptStart[];

beforeEach(async () => {
  ({ rig, worker, starts } = await openTaskAtWork(actors, tempFolder()));
});

afterEach(async () => {
  expect(await difference(rig, 'g')).toBeUndefined();
  await rig.stop();
});

const first = (): AttemptStart => the(starts[0]);
const types = (): Promise<string[]> => typesAtWork(rig);
const row = async () => [...(await rig.host.group('g')).group.obligations.attempts.values()][0];
const settled = (): Promise<unknown> => rig.tell('h', 'task.create');

describe('a confirm', () => {
  it('that is granted is journaled; asked again it is answered alike, at no entry', async () => {
    expect(await worker.confirm(first(), 'e1')).toBe('run');
    expect(await worker.confirm(first(), 'e1')).toBe('run');
    expect(await types()).toEqual(['attempt.confirm']);
    await rig.answer(first(), 'attempt.failed', { reason: 'no', executionId: 'e1' });
    await eventually(async () => expect(await types()).toHaveLength(2));
  });

  it('of a redelivery takes the place of the execution that has lost it, whose failure counts no more', async () => {
    await worker.confirm(first(), 'e1');
    expect(await worker.confirm(first(), 'e2')).toBe('alone');
    await rig.answer(first(), 'attempt.failed', { reason: 'late', executionId: 'e1' });
    await settled();
    expect(await types()).toEqual(['attempt.confirm', 'attempt.confirm']);
    expect(await row()).toMatchObject({ holder: { execution: 'e2' } });
  });

  it('of another copy is dropped while a first one is given out', async () => {
    await worker.confirm(first(), 'e1');
    const other = { ...first(), claim: first().claim - 1 };
    expect(await worker.confirm(other, 'e2')).toBe('drop');
    expect(await worker.confirm({ ...first(), replaces: 'e0' }, 'e3')).toBe('drop');
    expect(await types()).toEqual(['attempt.confirm']);
  });

  it('of an unknown, an answered or an earlier attempt is dropped, at no entry', async () => {
    const answer = { ...first().answer, group: 'nobody' };
    expect(await worker.confirm({ ...first(), answer }, 'e1')).toBe('drop');
    expect(await worker.confirm({ ...first(), attempt: 7 }, 'e2')).toBe('drop');
    await rig.answer(first(), 'attempt.succeeded');
    expect(await worker.confirm(first(), 'e3')).toBe('drop');
    expect(await types()).toEqual(['attempt.succeeded']);
    expect(await rig.entries('nobody')).toEqual([]);
  });

  it('of a parked group is dropped, and the start is sent anew at unpark', async () => {
    await rig.tell('g', 'task.child', { child: 1 });
    await rig.tell('g', 'task.work', {}, { to: 'task/1' });
    await eventually(() => expect(starts).toHaveLength(2));
    await rig.answer(first(), 'attempt.succeeded', { result: 'bad' });
    await eventually(async () => expect((await rig.host.group('g')).parked).toBeDefined());
    await eventually(() => expect(rig.log.join('')).toMatch(/"request":"g".*"msg":"parked"/));
    expect(await worker.confirm(the(starts[1]), 'e1')).toBe('drop');
    await rig.tell('g', 'group.unpark', { skip: true });
    await eventually(() => expect(starts.length).toBeGreaterThan(2));
  });

  it('of an attempt that is to stop says so, and its answer counts', async () => {
    await worker.confirm(first(), 'e1');
    await rig.tell('g', 'task.cancel');
    expect(await worker.confirm(first(), 'e2')).toBe('stop');
    await rig.answer(first(), 'attempt.stopped', { executionId: 'e1' });
    await settled();
    expect(await types()).not.toContain('attempt.stopped');
    await rig.answer(first(), 'attempt.stopped', { executionId: 'e2' });
    await eventually(async () => expect(await types()).toContain('attempt.stopped'));
  });

  it('that does not fit is set aside with its reason', async () => {
    const rejected = await rig.collected('millrace.rejected');
    await worker.say(first(), 'attempt.confirm', 'e1');
    await eventually(() =>
      expect(rejected).toMatchObject([
        { type: 'attempt.confirm', reason: expect.stringContaining('redelivered') as string },
      ]),
    );
  });
});

describe('a job that kills its workers', () => {
  /** Another worker has died: the start is redelivered. Resolves with what it is then told. */
  let died = 0;
  const redelivered = async (start: AttemptStart): Promise<string> => {
    died += 1;
    const verdict = await worker.confirm(start, `w${died}`);
    return verdict === 'alone'
      ? worker.confirm(start, `w${died}`, { alone: true }).then((then) => `alone, ${then}`)
      : verdict;
  };

  it('runs alone from the second time on, and fails at the third loss alone, with the reason', async () => {
    const verdicts: string[] = [];
    for (let n = 0; n < 5; n += 1) verdicts.push(await redelivered(first()));
    expect(verdicts).toEqual(['run', 'alone, run', 'alone, run', 'alone, run', 'fail']);
    const told = worker.told.at(-1)?.body['reason'];
    expect(told).toContain('lost with its worker 3 times while nothing else ran there');
    await rig.answer(first(), 'attempt.failed', {
      ...{ reason: told, final: true, executionId: `w${died}` },
    });
    await eventually(async () => expect((await types()).at(-1)).toBe('attempt.failed'));
  });

  it('counts no loss of an execution that only waited to be alone', async () => {
    await redelivered(first());
    for (let n = 0; n < 6; n += 1) {
      died += 1;
      expect(await worker.confirm(first(), `w${died}`)).toBe('alone');
    }
  });

  it('does no harm to its siblings: each has a count of its own', async () => {
    await rig.tell('g', 'task.child', { child: 1 });
    await rig.tell('g', 'task.work', {}, { to: 'task/1' });
    await eventually(() => expect(starts).toHaveLength(2));
    for (let n = 0; n < 4; n += 1) await redelivered(first());
    expect(await worker.confirm(the(starts[1]), 'sibling')).toBe('run');
    await rig.answer(the(starts[1]), 'attempt.succeeded', { executionId: 'sibling' });
    await eventually(async () => expect((await types()).at(-1)).toBe('attempt.succeeded'));
  });

  it('counts leases that were lost alike, and none that were given back', async () => {
    await redelivered(first());
    for (let n = 0; n < 4; n += 1) {
      await worker.say(first(), 'attempt.return', `w${died}`);
      await settled();
      expect(await redelivered(first())).toBe('run');
    }
  });
});

describe('a new owner', () => {
  it('grants an older copy, unless it has sent the start anew', async () => {
    const next = await succeed(rig, actors);
    expect(starts).toHaveLength(1);
    expect(await worker.confirm(first(), 'e1', { redelivered: false })).toBe('run');
    await rig.answer(first(), 'attempt.failed', { reason: 'no', executionId: 'e1' });
    await rig.tell('g', 'task.work');
    await eventually(() => expect(starts).toHaveLength(2));
    await tellOwner(rig.runtime, 0, partitionReconcile);
    await eventually(() => expect(starts).toHaveLength(3));
    expect(the(starts[2]).claim).toBeGreaterThan(the(starts[1]).claim);
    expect(await worker.confirm(the(starts[1]), 'e2', { redelivered: false })).toBe('drop');
    await next.stop();
  });

  it('sends anew what was given out in its place, so that the copy and not the redelivery is dropped', async () => {
    await worker.confirm(first(), 'e1');
    await tellOwner(rig.runtime, 0, partitionReconcile);
    await eventually(() => expect(starts).toHaveLength(2));
    expect(starts[1]).toMatchObject({ replaces: 'e1' });
    expect(await worker.confirm(first(), 'e2')).toBe('alone');
    expect(await worker.confirm(the(starts[1]), 'e3', { redelivered: false })).toBe('drop');
  });

  it('says its claim to all workers', async () => {
    await tellOwner(rig.runtime, 0, partitionReconcile);
    await eventually(() => expect(worker.control).toHaveLength(1));
    const { claim, ...report } = the(worker.control[0]).body;
    expect(report).toEqual({ partition: '00', partitions: 1 });
    expect(claim).toBeGreaterThan(first().claim);
  });
});

it('cancels of one turn are one message', async () => {
  await rig.tell('g', 'task.cancel');
  await eventually(() =>
    expect(worker.control).toEqual([
      { type: 'attempt.cancel', body: { startIds: [first().startId] } },
    ]),
  );
});
