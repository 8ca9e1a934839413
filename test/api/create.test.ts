/** POST /api/v1/requests: what is made, what is refused, and that what is answered is committed. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { tempFolder } from '../kit/tempFolder.ts';
import { createApis, once } from './kit.ts';

const folder = tempFolder();
const host = createApis();
const path = 'POST /api/v1/requests';
const shared = once(() => host(join(folder, 'shared')));
const compatible = once(() => host(join(folder, 'compatible'), { compatibility: true }));
const madeSchema = z.looseObject({ id: z.string() });

test('a request is created and started, and answered as it was created', async () => {
  const { ask, millrace } = await host(join(folder, 'create'));
  const body = { type: 'stop-host', args: { host: 'h1' }, user: 'somebody else' };
  const answer = await ask(path, body);
  expect(answer.status).toBe(201);
  const { id, createdAt, ...rest } = z
    .looseObject({ id: z.string(), createdAt: z.iso.datetime() })
    .parse(answer.json);
  expect(id).toMatch(/^[0-9a-z]{26}$/);
  expect(answer.headers.get('location')).toBe(`/api/v1/requests/${id}`);
  expect(answer.headers.get('x-spincycle-version')).toMatch(/^\d+\.\d+\.\d+/);
  const arg = { Pos: 0, Desc: '' };
  expect(rest).toEqual({
    ...{ type: 'stop-host', state: 1, user: '', startedAt: null, finishedAt: null },
    args: [
      { ...arg, Name: 'host', Type: 'required', Given: true, Default: null, Value: 'h1' },
      { ...arg, Name: 'wait', Type: 'optional', Given: false, Default: '60', Value: '60' },
      { ...arg, Name: 'region', Type: 'static', Given: false, Default: null, Value: 'eu' },
    ],
    ...{ totalJobs: 6, finishedJobs: 0 },
  });
  const seconds = (Date.now() - Date.parse(createdAt)) / 1000;
  expect(seconds).toBeLessThan(60);
  expect((await millrace.client.request(id).finished()).state).toBe('COMPLETE');
});

test('keys may be in any case, as Go writes them', async () => {
  const { ask } = await host(join(folder, 'case'));
  const answer = await ask(path, { Type: 'stop-host', Args: { host: 'h1' }, User: '' });
  expect(answer.status).toBe(201);
  expect(answer.json).toMatchObject({ type: 'stop-host', totalJobs: 6 });
});

test('texts are read as the JSON that a chain wants', async () => {
  const { ask, millrace } = await host(join(folder, 'texts'));
  const { id } = madeSchema.parse(
    (await ask(path, { type: 'steps', args: { n: '3', text: '7' } })).json,
  );
  expect((await millrace.client.request(id).status()).args).toEqual({ n: 3, text: '7' });
});

test('a create that is sent twice under one id makes one request', async () => {
  const { ask } = await host(join(folder, 'twice'));
  const body = { type: 'steps', args: { text: 'a' }, requestId: 'once', labels: { team: 'x' } };
  const [one, two] = [await ask(path, body), await ask(path, { ...body, args: { text: 'b' } })];
  expect([one.status, two.status]).toEqual([201, 201]);
  expect(two.json).toMatchObject({ id: 'once', args: [{ Value: 'a' }, {}] });
  expect((await ask('GET /api/v1/requests')).json).toMatchObject([
    { id: 'once', labels: { team: 'x' } },
  ]);
});

test('args keep keys that look like prototypes', async () => {
  const { ask, millrace } = await host(join(folder, 'proto'));
  const body = '{"type":"gate","requestId":"p","args":{"__proto__":{"a":1},"constructor":2}}';
  const answer = await ask(path, body);
  expect(answer.status).toBe(201);
  expect(JSON.stringify((await millrace.client.request('p').status()).args)).toBe(
    '{"__proto__":{"a":1},"constructor":2}',
  );
  expect(answer.text).toContain('"Name":"__proto__"');
  expect((await ask('GET /api/v1/requests/p')).text).toContain('"Name":"__proto__"');
});

test('args of 10 MB are taken, and a body above the limit is refused', async () => {
  const { ask, millrace } = await host(join(folder, 'large'), { maxBodyBytes: 11 * 1024 * 1024 });
  const label = 'x'.repeat(10 * 1024 * 1024);
  const answer = await ask(path, { type: 'gate', args: { label }, requestId: 'large' });
  expect([answer.status, answer.status === 201 ? '' : answer.text.slice(0, 300)]).toEqual([
    201,
    '',
  ]);
  const status = await millrace.client.request('large').status();
  expect(z.object({ label: z.string() }).parse(status.args).label).toHaveLength(label.length);
  const refused = await ask(path, { type: 'gate', args: { label: `${label}${label}` } });
  expect(refused.status).toBe(413);
  expect(refused.json).toEqual({ message: 'Request body is too large' });
  expect((await ask('GET /version')).status).toBe(200);
});

test.each([
  ['no JSON', '{"type":', 400, 'the body is no JSON'],
  ['no body', '', 400, 'the body is no JSON'],
  ['a list', '[]', 400, 'the body does not fit'],
  ['nothing', 'null', 400, 'the body does not fit'],
  ['no type', '{}', 400, 'type: '],
  ['an empty type', '{"type":""}', 400, 'type: is empty'],
  ['a type that is no text', '{"type":7}', 400, 'type: '],
  ['args that are a list', '{"type":"gate","args":[]}', 400, 'args: must be an object of values'],
  ['args that are a text', '{"type":"gate","args":"n=1"}', 400, 'args: must be an object'],
  ['an unknown key', '{"type":"gate","agrs":{}}', 400, 'agrs'],
  [
    'what is nested deep',
    `{"type":"gate","args":{"a":${'['.repeat(5000)}1${']'.repeat(5000)}}}`,
    400,
    'make it flatter',
  ],
])('%s is refused with 400', async (_, body, status, message) => {
  const { ask } = await shared();
  const answer = await ask(path, body);
  expect(answer.status).toBe(status);
  expect(z.object({ message: z.string() }).parse(answer.json).message).toContain(message);
});

test.each([
  ['an unknown type', { type: 'gaet' }, 'no chain has the type "gaet" (did you mean "gate"?)'],
  ['a sequence that is no request', { type: 'helper' }, 'no chain has the type "helper"'],
  ['a missing arg', { type: 'stop-host' }, 'host'],
  ['a static arg', { type: 'stop-host', args: { host: 'h', region: 'us' } }, 'is static'],
  [
    'an arg that there is not',
    { type: 'stop-host', args: { host: 'h', wiat: '1' } },
    'did you mean "wait"',
  ],
  ['an arg of the wrong type', { type: 'steps', args: { n: {}, text: 'a' } }, 'n: '],
  ['an id with a slash', { type: 'gate', requestId: 'a/b' }, 'without blanks or slashes'],
])(
  '%s is refused with 400, and with 500 where codes are Spin Cycle’s',
  async (_, body, message) => {
    const { ask } = await shared();
    const answer = await ask(path, body);
    expect(answer.json).toEqual({
      message: expect.stringContaining(message) as string,
      requestId: '',
      httpStatus: 400,
    });
    expect(answer.status).toBe(400);
    const old = await (await compatible()).ask(path, body);
    expect([old.status, old.json]).toMatchObject([500, { httpStatus: 500 }]);
  },
);

test('null args are none', async () => {
  const { ask } = await shared();
  expect((await ask(path, { type: 'gate', args: null })).status).toBe(201);
});

test('what was answered outlives a stop right after it', async () => {
  const at = join(folder, 'kept');
  const first = await host(at);
  const made = await Promise.all(
    Array.from({ length: 20 }, () => first.ask(path, { type: 'gate' })),
  );
  await first.millrace.stop();
  const { ask } = await host(at);
  for (const { json } of made) {
    const { id } = madeSchema.parse(json);
    expect((await ask(`GET /api/v1/requests/${id}`)).json).toMatchObject({ id, state: 2 });
  }
});
