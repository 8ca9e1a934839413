/** PUT …/start, stop, suspend, resume, and what only Spin Cycle's job runners would say. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../kit/tempFolder.ts';
import { createApis, once } from './kit.ts';
import type { Hosted } from './kit.ts';

const folder = tempFolder();
const host = createApis();
const own = once(() => host(join(folder, 'own')));
const compatible = once(() => host(join(folder, 'compatible'), { compatibility: true }));

/** Ids of requests in each state: RUNNING, SUSPENDED, COMPLETE, FAIL, STOPPED. */
async function inStates({ millrace: { client } }: Hosted): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  const start = async (state: string, type: string, args: unknown = {}) => {
    const request = await client.start(type, args, { requestId: `${state}-${ids.size}` });
    ids.set(state, request.id);
    return request;
  };
  await start('RUNNING', 'gate');
  await (await start('SUSPENDED', 'gate')).suspend();
  await (await start('STOPPED', 'gate')).stop();
  await start('COMPLETE', 'steps', { text: 'a' });
  await start('FAIL', 'failing');
  for (const [state, id] of ids) {
    if (state !== 'RUNNING') expect((await client.request(id).settled()).state).toBe(state);
  }
  return ids;
}

const states = once(async () => inStates(await own()));
const compatibleStates = once(async () => inStates(await compatible()));

test('a running request is suspended, goes on, and is stopped', async () => {
  const { ask, millrace } = await own();
  const request = await millrace.client.start('gate', {}, { requestId: 'r' });
  const put = async (word: string) => {
    const { status, text } = await ask(`PUT /api/v1/requests/r/${word}`);
    return [status, text];
  };
  expect(await put('suspend')).toEqual([200, '']);
  expect((await request.settled()).state).toBe('SUSPENDED');
  expect(await put('resume')).toEqual([200, '']);
  expect((await request.status()).state).toBe('RUNNING');
  expect(await put('stop')).toEqual([200, '']);
  expect((await request.finished()).state).toBe('STOPPED');
});

test('a suspended request can be stopped', async () => {
  const { ask, millrace } = await own();
  const request = await millrace.client.start('gate', {}, { requestId: 's' });
  await request.suspend();
  await request.settled();
  expect((await ask('PUT /api/v1/requests/s/stop')).status).toBe(200);
  expect((await request.finished()).state).toBe('STOPPED');
});

describe('what a state does not allow is 409, and 500 where codes are Spin Cycle’s', () => {
  test.each([
    ['stop', 'FAIL', 'request "FAIL-4" is FAIL, and only a running request can be stopped'],
    ['stop', 'STOPPED', 'request "STOPPED-2" is STOPPED, and only a running request'],
    [
      'start',
      'RUNNING',
      'request "RUNNING-0" is RUNNING, and only a PENDING request can be started',
    ],
    ['start', 'SUSPENDED', 'only a PENDING request can be started'],
    ['start', 'COMPLETE', 'only a PENDING request can be started'],
    ['suspend', 'COMPLETE', 'only a running request can be suspended'],
    ['suspend', 'FAIL', 'only a running request can be suspended'],
    ['suspend', 'STOPPED', 'only a running request can be suspended'],
    ['resume', 'RUNNING', 'only a suspended request can be resumed'],
    ['resume', 'COMPLETE', 'only a suspended request can be resumed'],
    ['resume', 'FAIL', 'only a suspended request can be resumed'],
    ['resume', 'STOPPED', 'only a suspended request can be resumed'],
  ])('%s of what is %s', async (word, state, said) => {
    const id = (await states()).get(state) ?? '';
    const message = expect.stringContaining(said) as string;
    const answer = await (await own()).ask(`PUT /api/v1/requests/${id}/${word}`);
    expect([answer.status, answer.json]).toEqual([
      409,
      { message, requestId: id, httpStatus: 409 },
    ]);
    expect((await compatibleStates()).get(state)).toBe(id);
    const old = await (await compatible()).ask(`PUT /api/v1/requests/${id}/${word}`);
    expect([old.status, old.json]).toEqual([500, { message, requestId: id, httpStatus: 500 }]);
  });
});

test('a suspend of what is suspended already is a success', async () => {
  const { ask, millrace } = await own();
  const id = (await states()).get('SUSPENDED') ?? '';
  expect((await ask(`PUT /api/v1/requests/${id}/suspend`)).status).toBe(200);
  expect((await millrace.client.request(id).status()).state).toBe('SUSPENDED');
});

test('a stop of a complete request is a success that changes nothing', async () => {
  const { ask, millrace } = await own();
  const id = (await states()).get('COMPLETE') ?? '';
  const before = await millrace.client.request(id).status();
  expect((await ask(`PUT /api/v1/requests/${id}/stop`)).status).toBe(200);
  expect(await millrace.client.request(id).status()).toEqual(before);
});

test.each(['start', 'stop', 'suspend', 'resume'])(
  '%s of an unknown request is 404',
  async (word) => {
    for (const { ask } of [await own(), await compatible()]) {
      const answer = await ask(`PUT /api/v1/requests/nope/${word}`);
      expect(answer.json).toEqual({
        message: expect.stringContaining('"nope" does not exist') as string,
        requestId: 'nope',
        httpStatus: 404,
      });
      expect(answer.status).toBe(404);
    }
  },
);

test.each([
  ['a chain of a job runner', { requestId: 'x', jobChain: {} }, 'a suspend takes no body'],
  ['what is no JSON', '{', 'the body is no JSON'],
])('a suspend with %s is refused, and suspends nothing', async (_, body, said) => {
  const { ask, millrace } = await own();
  const id = (await states()).get('RUNNING') ?? '';
  const answer = await ask(`PUT /api/v1/requests/${id}/suspend`, body);
  expect(answer.status).toBe(400);
  expect(answer.text).toContain(said);
  expect((await millrace.client.request(id).status()).state).toBe('RUNNING');
});

test.each([
  ['PUT', 'finish', { state: 3, finishedAt: '2026-01-01T00:00:00Z', finishedJobs: 1 }],
  ['PUT', 'progress', { requestId: 'x', finishedJobs: 1 }],
  ['POST', 'log', { jobId: 'x', try: 1 }],
])('%s %s is for job runners, and says so', async (method, word, body) => {
  const { ask, millrace } = await own();
  const id = (await states()).get('RUNNING') ?? '';
  const answer = await ask(`${method} /api/v1/requests/${id}/${word}`, body);
  expect(answer.status).toBe(405);
  expect(answer.json).toEqual({ message: expect.stringContaining('job runners') as string });
  expect((await millrace.client.request(id).status()).state).toBe('RUNNING');
});
