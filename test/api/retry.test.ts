/** POST …/retry: a new request that keeps what is complete of one that has ended. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../kit/tempFolder.ts';
import { createApis, once } from './kit.ts';

const host = createApis();
const own = once(() => host(join(tempFolder(), 'retry')));

async function ended(id: string, type: string, args: unknown): Promise<string> {
  const { millrace } = await own();
  const request = await millrace.client.start(type, args, { requestId: id });
  return (await request.finished()).state;
}

test('is answered with the new request, which says what it retries', async () => {
  const { ask, millrace } = await own();
  expect(await ended('steps-1', 'steps', { n: 3, text: 'a' })).toBe('COMPLETE');
  const asked = { from: 'step-2', set: { n: 4 }, requestId: 'steps-2' };
  const { status, headers, json } = await ask('POST /api/v1/requests/steps-1/retry', asked);
  expect([status, headers.get('location')]).toEqual([201, '/api/v1/requests/steps-2']);
  expect(json).toMatchObject({
    ...{ id: 'steps-2', type: 'steps', state: 1, totalJobs: 6, finishedJobs: 0 },
    retryOf: { request: 'steps-1', from: 'step-2', carried: 3, outdated: ['first', 'step-1'] },
  });
  expect((await millrace.client.request('steps-2').finished()).state).toBe('COMPLETE');
  expect((await ask('GET /api/v1/requests/steps-2/log')).json).toMatchObject([
    { jobId: 'step-2' },
    { jobId: 'step-3' },
  ]);
  expect((await ask('GET /api/v1/requests?type=steps&limit=1')).json).toMatchObject([
    { id: 'steps-2', retryOf: { request: 'steps-1' } },
  ]);
  const again = await ask('POST /api/v1/requests/steps-1/retry', asked);
  expect([again.status, again.json]).toMatchObject([201, { id: 'steps-2' }]);
});

test('takes texts where a chain wants none, and no body at all', async () => {
  const { ask } = await own();
  expect(await ended('failing-1', 'failing', {})).toBe('FAIL');
  expect((await ask('POST /api/v1/requests/failing-1/retry')).status).toBe(201);
  expect(await ended('steps-3', 'steps', { n: 3, text: 'a' })).toBe('COMPLETE');
  const asked = { from: 'first', set: { n: '4' } };
  const { json } = await ask('POST /api/v1/requests/steps-3/retry', asked);
  expect(json).toMatchObject({ totalJobs: 6, retryOf: { carried: 0 } });
});

test.each([
  ['nobody', {}, 404, 'request "nobody" does not exist'],
  ['done', {}, 409, 'no job of it is left to run'],
  ['done', { from: 'frist' }, 400, 'no job "frist" (did you mean "first"?)'],
  ['done', { from: 'first', set: { n: 'many' } }, 400, 'n: '],
  ['done', { form: 'first' }, 400, 'form'],
  ['done', '{', 400, 'no JSON'],
])('of %s with %j is refused with %d', async (id, body, code, message) => {
  const { ask } = await own();
  await ended('done', 'steps', { text: 'a' });
  const { status, text } = await ask(`POST /api/v1/requests/${id}/retry`, body);
  expect([status, text]).toEqual([code, expect.stringContaining(message.replaceAll('"', '\\"'))]);
});
