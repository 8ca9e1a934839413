/** `request.retry` by a message to `millrace.commands`; and a large request, which travels in chunks. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AttemptStart } from '../../src/protocol/attempts.ts';
import { sentList, sentPlan } from '../../src/gateway/sentPlan.ts';
import { eventually } from '../kit/eventually.ts';
import { the } from '../kit/rig.ts';
import { job } from '../machines/kit.ts';
import { openDoor } from './kit.ts';
import type { Door } from './kit.ts';

let door: Door;
let starts: AttemptStart[];

beforeEach(async () => {
  door = await openDoor();
  starts = await door.rig.starts('work');
});

afterEach(() => door.stop());

async function hasEnded(id: string): Promise<void> {
  await door.headsWritten(id);
  await eventually(async () => {
    door.rig.clock.advance(1000);
    expect((await door.rig.runtime.store.snapshots.head(id))?.state).toMatch(/complete|failed/);
  });
}

async function failed(): Promise<void> {
  await door.ask('request.create', { requestType: 'lone', requestId: 'r-1', args: { n: 7 } });
  await eventually(() => expect(starts).toHaveLength(1));
  await door.rig.answer(the(starts[0]), 'attempt.failed', { reason: 'broken' });
  await hasEnded('r-1');
}

it('starts a new request, once, named after its publisher and its message', async () => {
  await failed();
  const given = { messageId: 'm', userId: 'ann' };
  const first = await door.ask('request.retry', { requestId: 'r-1' }, given);
  const second = await door.ask('request.retry', { requestId: 'r-1' }, given);
  expect(first).toMatchObject({ body: { ok: true } });
  expect(second).toEqual(first);
  const id = the(first.group);
  expect(id).toMatch(/^[0-9a-v]{26}$/);
  await eventually(() =>
    expect(starts[1]).toMatchObject({ requestId: id, args: { n: 7 }, attempt: 1 }),
  );
  const [entry] = await door.rig.entries(id);
  expect(JSON.parse(entry?.body ?? '')).toMatchObject({
    user: 'ann',
    retryOf: { request: 'r-1', carried: 0 },
  });
  expect(starts).toHaveLength(2);
});

it('is asked of whoever authorises, with the request that is to be retried', async () => {
  await failed();
  const asked: unknown[] = [];
  await door.restartGateway({
    authorise: (principal, command) => {
      asked.push({ principal, ...command });
      throw new Error('not you');
    },
  });
  const answer = await door.ask('request.retry', { requestId: 'r-1' }, { userId: 'bob' });
  expect(answer.body).toMatchObject({ ok: false, code: 'forbidden', message: 'not you' });
  expect(asked).toMatchObject([{ principal: 'bob', type: 'request.retry', group: 'r-1' }]);
});

it('that cannot be is set aside, and said', async () => {
  await door.ask('request.create', { requestType: 'lone', requestId: 'r-1' });
  const early = await door.ask('request.retry', { requestId: 'r-1' });
  expect(early.body).toMatchObject({ ok: false, code: 'state' });
  const nobody = await door.ask('request.retry', { requestId: 'r-2' });
  expect(nobody.body).toMatchObject({ ok: false, code: 'not-found' });
  const misfit = await door.ask('request.retry', { requestId: 'r-1', form: 'j' });
  expect(misfit.body).toMatchObject({ ok: false, code: 'rejected' });
  expect((await door.rejected(3)).map(({ headers }) => headers['code'])).toEqual([
    ...['state', 'not-found', 'rejected'],
  ]);
});

it('of a large request carries over its results by names of chunks', async () => {
  await door.ask('request.create', { requestType: 'large', requestId: 'r-1' });
  for (let done = 0; done < 600; done += 200) {
    await eventually(() => expect(starts).toHaveLength(done + 200));
    for (const start of starts.slice(done)) {
      const isLast = start.jobId === 'work-600';
      if (isLast) await door.rig.answer(start, 'attempt.failed', { reason: 'broken' });
      else await door.rig.answer(start, 'attempt.succeeded', { result: 'y'.repeat(300) });
    }
  }
  await hasEnded('r-1');
  const { group } = await door.ask('request.retry', { requestId: 'r-1' }, { messageId: 'm' });
  const id = the(group);
  await eventually(() => expect(starts).toHaveLength(601));
  expect(starts.at(-1)).toMatchObject({ requestId: id, jobId: 'work-600' });
  const [entry] = await door.rig.entries(id);
  expect(entry?.body).not.toContain('yyy');
  expect(entry?.transitions).toContainEqual({
    ...{ actor: 'job/0-598', from: 'pending', to: 'complete' },
  });
  await door.rig.answer(the(starts.at(-1)), 'attempt.succeeded', { result: 'z' });
  await hasEnded(id);
  expect((await door.rig.runtime.store.snapshots.head(id))?.state).toBe('complete');
});

it('of a very large request carries over its jobs in chunks too', async () => {
  const { rig } = door;
  const { blobs } = rig.runtime.store;
  const jobs = Array.from({ length: 4000 }, (_, n) => job({ name: `j-${n}`, type: 'work' }));
  const carried = jobs.slice(1).map((_, n) => ({ job: n + 1, result: 0 }));
  const body = {
    plan: await sentPlan({ jobs, sequences: [], maxStarted: 200 }, blobs),
    carried: await sentList(carried, blobs),
    values: { length: 1, chunks: [{ first: 0, texts: ['"kept"'], bytes: 6 }] },
    ...{ requestType: 'r', args: null },
  };
  expect(JSON.stringify(body).length).toBeLessThan(4000);
  expect(await rig.tell('g', 'chain.create', body, { to: 'chain/main' })).toEqual({ ok: true });
  await eventually(() => expect(starts.map(({ jobId }) => jobId)).toEqual(['j-0']));
});

it('brings values without gaps, or is refused', async () => {
  const { rig } = door;
  const body = {
    plan: { jobs: [job({ type: 'work' })], sequences: [], maxStarted: 1 },
    values: { length: 2, chunks: [{ first: 0, texts: ['"kept"'], bytes: 6 }] },
    ...{ requestType: 'r', args: null },
  };
  expect(await rig.tell('g', 'chain.create', body, { to: 'chain/main' })).toMatchObject({
    ok: false,
    message: expect.stringContaining('values with gaps') as string,
  });
});
