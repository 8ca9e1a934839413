/** GET routes: shapes of requests, chains, logs and lists, and what there is when there is nothing. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { createApis, once } from './kit.ts';

const folder = tempFolder();
const host = createApis();
const shared = once(() => host(join(folder, 'shared')));
const empty = once(() => host(join(folder, 'empty')));
const text = expect.any(String) as string;
const number = expect.any(Number) as number;

test('a request comes with its args and its chain, as they stand', async () => {
  const { ask, millrace } = await shared();
  const request = await millrace.client.start('steps', { text: 'a', n: 3 }, { user: 'ann' });
  await request.finished();
  const job = { type: 'say', state: 3, args: { n: 3, text: 'a' }, retry: 0, sequenceRetry: 0 };
  const [first, rest] = ['first', 'sequence_rest_begin'];
  const chain = {
    requestId: request.id,
    jobs: {
      first: { id: first, name: first, ...job, sequenceId: first },
      sequence_rest_begin: {
        ...{ id: rest, name: rest, type: 'noop', state: 3, retry: 0 },
        ...{ sequenceId: rest, sequenceRetry: 1, sequenceRetryWait: '1m30s' },
      },
      'step-1': { id: 'step-1', name: 'step-1', ...job, sequenceId: rest },
      'step-2': { id: 'step-2', name: 'step-2', ...job, sequenceId: rest },
      sequence_rest_end: {
        ...{ id: 'sequence_rest_end', name: 'sequence_rest_end', type: 'noop', state: 3 },
        ...{ retry: 0, sequenceId: rest, sequenceRetry: 0 },
      },
    },
    adjacencyList: {
      first: [rest, 'step-1'],
      [rest]: ['step-1'],
      'step-1': ['step-2'],
      'step-2': ['sequence_rest_end'],
    },
    ...{ state: 3, finishedJobs: 5 },
  };
  const answer = await ask(`GET /api/v1/requests/${request.id}`);
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({
    ...{ id: request.id, type: 'steps', state: 3, user: 'ann' },
    args: [
      { Pos: 0, Name: 'text', Desc: '', Type: 'required', Given: true, Default: null, Value: 'a' },
      { Pos: 0, Name: 'n', Desc: '', Type: 'optional', Given: true, Default: '2', Value: 3 },
    ],
    ...{ createdAt: text, startedAt: text, finishedAt: text, totalJobs: 5, finishedJobs: 5 },
    JobChain: chain,
  });
  const alone = await ask(`GET /api/v1/requests/${request.id}/job-chain`);
  expect([alone.status, alone.json]).toEqual([200, chain]);
});

test('jobs of a spec have their retries, and a running request no end', async () => {
  const { ask, millrace } = await shared();
  const spec = await millrace.client.start('stop-host', { host: 'h' });
  expect((await ask(`GET /api/v1/requests/${spec.id}`)).json).toMatchObject({
    JobChain: { jobs: { drain: { type: 'say', args: { text: 'h' }, retry: 2, retryWait: '5s' } } },
  });
  const gate = await millrace.client.start('gate', {});
  expect((await ask(`GET /api/v1/requests/${gate.id}`)).json).toMatchObject({
    ...{ state: 2, startedAt: text, finishedAt: null, totalJobs: 1, finishedJobs: 0 },
    JobChain: { state: 2, jobs: { 'waiting-1': { state: 2 } } },
  });
});

test('args are shown as they were given when their type is gone', async () => {
  const at = join(folder, 'gone');
  const { millrace } = await host(at);
  await millrace.client.start('stop-host', { host: 'h' }, { requestId: 'old' });
  await millrace.client.request('old').finished();
  await millrace.stop();
  const { ask } = await host(at, {}, ['steps']);
  expect((await ask('GET /api/v1/requests/old')).json).toMatchObject({
    ...{ type: 'stop-host', state: 3 },
    args: [{ Pos: 0, Name: 'host', Type: 'optional', Given: true, Default: null, Value: 'h' }],
  });
});

test.each(['', '/job-chain'])('%s of an unknown request is 404', async (word) => {
  const { ask } = await shared();
  const answer = await ask(`GET /api/v1/requests/nope${word}`);
  expect(answer.status).toBe(404);
  expect(answer.json).toMatchObject({ requestId: 'nope', httpStatus: 404 });
});

test('the log has an entry for each try that has ended, by job and try', async () => {
  const { ask, millrace } = await shared();
  const { id } = await millrace.client.start('failing', {});
  await millrace.client.request(id).finished();
  const entry = { requestId: id, jobId: 'bad', name: 'bad', type: 'fail', state: 4, exit: 1 };
  const times = { startedAt: number, finishedAt: number };
  const error = expect.stringContaining('it always fails') as string;
  const tries = [1, 2].map((n) => ({ ...entry, ...times, try: n, error, stdout: '', stderr: '' }));
  expect((await ask(`GET /api/v1/requests/${id}/log`)).json).toEqual(tries);
  const last = await ask(`GET /api/v1/requests/${id}/log/bad`);
  expect([last.status, last.json]).toEqual([200, tries[1]]);
  const { startedAt } = last.json as { startedAt: number };
  expect(Math.abs(startedAt / 1e6 - Date.now())).toBeLessThan(60_000);
});

test('what a program printed and how it exited is in the log', async () => {
  const { ask, millrace } = await shared();
  const { id } = await millrace.client.start('program', {});
  await millrace.client.request(id).finished();
  expect((await ask(`GET /api/v1/requests/${id}/log/sh`)).json).toMatchObject({
    ...{ state: 4, exit: 3, stdout: 'out\n', stderr: 'err\n', try: 1 },
  });
});

test('the log of an unknown request is empty, and of an unknown job 404', async () => {
  const { ask, millrace } = await shared();
  const none = await ask('GET /api/v1/requests/nope/log');
  expect([none.status, none.text]).toEqual([200, '[]']);
  const { id } = await millrace.client.start('gate', {});
  expect((await ask(`GET /api/v1/requests/${id}/log`)).text).toBe('[]');
  for (const path of [`${id}/log/nope`, `${id}/log/waiting-1`, 'nope/log/x'])
    expect((await ask(`GET /api/v1/requests/${path}`)).status).toBe(404);
});

test('the list of requests says what they take, by name', async () => {
  const { ask } = await shared();
  const { status, json } = await ask('GET /api/v1/request-list');
  expect(status).toBe(200);
  const arg = { Pos: 0, Given: false, Value: null };
  expect(json).toEqual([
    { Name: 'failing', Args: [] },
    {
      Name: 'gate',
      Args: [
        { ...arg, Name: 'label', Desc: '', Type: 'optional', Default: '' },
        { ...arg, Name: 'n', Desc: '', Type: 'optional', Default: '1' },
      ],
    },
    { Name: 'program', Args: [] },
    {
      Name: 'steps',
      Args: [
        { ...arg, Name: 'text', Desc: '', Type: 'required', Default: null },
        { ...arg, Name: 'n', Desc: 'how many', Type: 'optional', Default: '2' },
      ],
    },
    {
      Name: 'stop-host',
      Args: [
        { ...arg, Name: 'host', Desc: 'which host', Type: 'required', Default: null },
        { ...arg, Name: 'wait', Desc: 'seconds', Type: 'optional', Default: '60' },
      ],
    },
  ]);
});

test('running jobs come with their requests, the longest first', async () => {
  const { ask, millrace, open } = await host(join(folder, 'running'));
  const one = await millrace.client.start('gate', {});
  const two = await millrace.client.start('gate', { n: 2 });
  const row = {
    type: 'waiting',
    state: 2,
    startedAt: number,
    try: 1,
    status: 'waiting at the gate',
  };
  await eventually(async () => {
    const { status, json } = await ask('GET /api/v1/status/running?orderBy=starttime');
    expect(status).toBe(200);
    expect(json).toEqual({
      jobs: [
        { requestId: one.id, jobId: 'waiting-1', name: 'waiting-1', ...row },
        { requestId: two.id, jobId: 'waiting-1', name: 'waiting-1', ...row },
        { requestId: two.id, jobId: 'waiting-2', name: 'waiting-2', ...row },
      ],
      requests: {
        [one.id]: expect.objectContaining({ type: 'gate', state: 2, totalJobs: 1 }) as object,
        [two.id]: expect.objectContaining({ type: 'gate', state: 2, totalJobs: 2 }) as object,
      },
    });
  });
  const ofTwo = await ask(`GET /api/v1/status/running?requestId=${two.id}`);
  expect(ofTwo.json).toMatchObject({ jobs: [{ requestId: two.id }, { requestId: two.id }] });
  expect(ofTwo.text).not.toContain(one.id);
  expect((await ask('GET /api/v1/status/running?requestId=nope')).text).toBe(
    '{"jobs":[],"requests":{}}',
  );
  open();
  await one.finished();
  await two.finished();
  const none = '{"jobs":null,"requests":null}';
  expect((await ask('GET /api/v1/status/running')).text).toBe(none);
});

test('where nothing was asked for lists are null, and the log is empty', async () => {
  const { ask } = await empty();
  expect((await ask('GET /api/v1/requests')).text).toBe('null');
  expect((await ask('GET /api/v1/status/running')).text).toBe('{"jobs":null,"requests":null}');
});

test('the version is a text, and in a header of every answer', async () => {
  const { ask } = await empty();
  const { status, text: version, headers } = await ask('GET /version');
  expect([status, version]).toEqual([200, headers.get('x-spincycle-version')]);
  expect(headers.get('content-type')).toContain('text/plain');
  for (const line of [
    'GET /nope',
    'PUT /version',
    'GET /api/v1/requests/nope',
    'POST /api/v1/requests',
  ])
    expect((await ask(line)).headers.get('x-spincycle-version')).toBe(version);
});

test.each([
  ['GET /', 404],
  ['GET /api/v1', 404],
  ['GET /api/v1/requests/x/y', 404],
  ['GET /api/v2/requests', 404],
  ['GET /api/v1/requests/%zz', 400],
  ['DELETE /api/v1/requests/x', 405],
  ['PATCH /api/v1/requests', 405],
  ['POST /version', 405],
  ['GET /api/v1/requests/x/stop', 405],
])('%s is %i, with a message alone', async (line, status) => {
  const answer = await (await empty()).ask(line);
  expect([answer.status, answer.json]).toEqual([status, { message: text }]);
  if (status === 405) expect(answer.headers.get('allow')).toMatch(/^(GET|PUT|POST)/);
});
