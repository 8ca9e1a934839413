/** The control socket against whoever speaks HTTP: bad bodies, wrong paths, followers that do not read. */
import { connect as connectSocket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { News, NewsListener } from '../../src/link.ts';
import { createFollower } from '../../src/control/follower.ts';
import { problemSchema } from '../../src/control/wire.ts';
import { connect } from '../../src/index.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { createGate, createHosts, send } from './kit.ts';

const folder = tempFolder();
const host = createHosts();

test.each([
  ['no JSON', '/requests', '{"type":', '400 usage: .*JSON'],
  ['JSON that is no object', '/requests', '[]', '400 usage: the body does not fit'],
  ['a missing type', '/requests', '{}', '400 usage: .* type: '],
  ['an unknown key', '/requests', '{"type":"gate","agrs":{}}', '400 usage: .*agrs'],
  ['a command with a bad body', '/requests/x/stop', '{"skip":1}', '400 usage: .* skip: '],
  ['an unknown command', '/requests/x/stpo', '{}', '404 not-found: .*/requests/x/stpo'],
  ['an unknown request', '/requests/x/stop', '{}', '404 not-found: request "x" does not exist'],
  [
    'an unknown type',
    '/requests',
    '{"type":"gaet"}',
    '422 plan: no chain has the type "gaet" .did you mean "gate"',
  ],
])('%s is answered with a problem', async (name, path, body, problem) => {
  const data = join(folder, name);
  await host(data, createGate().options);
  const answer = await send(data, { path, body });
  expect(answer.type).toContain('application/problem+json');
  const { status, code, detail } = problemSchema.parse(JSON.parse(answer.body));
  expect(status).toBe(answer.status);
  expect(`${status} ${code}: ${detail}`).toMatch(new RegExp(problem));
});

test('a body above the limit is refused, and the host goes on', async () => {
  const data = join(folder, 'large');
  await host(data, createGate().options);
  const socket = connectSocket(join(data, 'control.sock'));
  socket.write('POST /requests HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n');
  socket.write('content-length: 100000000\r\n\r\n');
  const [head] = await once(socket, 'data');
  expect(String(head)).toMatch(/^HTTP\/1.1 413 .*"code":"usage"/s);
  socket.destroy();
  const client = await connect({ data });
  const label = 'x'.repeat(17 * 1024 * 1024);
  await expect(client.start('gate', { label })).rejects.toThrow('are larger than 16 MiB');
  await client.start('gate', {});
  await client.close();
});

test('args keep keys that look like prototypes', async () => {
  const data = join(folder, 'proto');
  const { client } = await host(data, createGate().options);
  const body = '{"type":"gate","requestId":"p","args":{"__proto__":{"a":1},"constructor":2}}';
  expect((await send(data, { path: '/requests', body })).status).toBe(201);
  expect(JSON.stringify((await client.request('p').status()).args)).toContain(
    '"__proto__":{"a":1}',
  );
});

test('an id with any letters is found by its path', async () => {
  const data = join(folder, 'ids');
  const { client } = await host(data, createGate().options);
  const id = 'é%?#.'.repeat(33);
  await client.start('gate', {}, { requestId: id });
  const answer = await send(data, { method: 'GET', path: `/requests/${encodeURIComponent(id)}` });
  expect(JSON.parse(answer.body)).toMatchObject({ id, state: 'RUNNING' });
});

test('texts in place of args are read as the chain wants them', async () => {
  const data = join(folder, 'texts');
  const { client } = await host(data, createGate().options);
  const body = '{"type":"gate","requestId":"t","texts":{"label":"7","n":"2"}}';
  expect((await send(data, { path: '/requests', body })).status).toBe(201);
  expect((await client.request('t').status()).args).toEqual({ label: '7', n: 2 });
});

test('the same command under one id has one effect', async () => {
  const data = join(folder, 'twice');
  const { client } = await host(data, createGate().options);
  await client.start('gate', {}, { requestId: 'r' });
  await client.request('r').suspend();
  await client.request('r').settled();
  const resume = { path: '/requests/r/resume', body: '{"messageId":"once"}' };
  expect((await send(data, resume)).status).toBe(200);
  expect((await send(data, resume)).status).toBe(200);
  expect((await send(data, { ...resume, body: '{"messageId":"other"}' })).status).toBe(409);
});

test('a follower is told when it has begun and when the host stops', async () => {
  const data = join(folder, 'follow');
  const millrace = await host(data, createGate().options);
  const socket = connectSocket(join(data, 'control.sock'));
  socket.write('GET /follow HTTP/1.1\r\nhost: x\r\n\r\n');
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  while (!text.includes('following')) await once(socket, 'data');
  await Promise.all([once(socket, 'close'), millrace.stop()]);
  expect(text).toContain('{"type":"stopped"}');
});

/** News that the test makes. */
function createNews() {
  let listener: NewsListener = {};
  const news: News = {
    subscribe(_id, given) {
      listener = given;
      return () => (listener = {});
    },
  };
  return { news, tell: () => listener };
}

test('what a follower does not read is bounded, and it is told that it has missed something', async () => {
  const { news, tell } = createNews();
  const follower = createFollower(news, undefined);
  const status = {
    requestId: 'r',
    jobId: 'j',
    actor: 'job/0',
    attempt: 1,
    at: 0,
    text: 'x'.repeat(1000),
  };
  for (let n = 0; n < 10_000; n += 1) tell().onStatus?.(status);
  expect(follower.readableLength).toBeLessThan(300 * 1024);
  tell().onEnd?.();
  const lines = (await follower.toArray()).join('').trimEnd().split('\n');
  const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
  expect([types[0], ...types.slice(-2)]).toEqual(['following', 'missed', 'stopped']);
});

test('of what is committed at once a follower hears the newest of each request', async () => {
  const { news, tell } = createNews();
  const follower = createFollower(news, undefined);
  tell().onCommitted?.({ requestId: 'a', seq: 1, state: 'RUNNING' });
  tell().onCommitted?.({ requestId: 'b', seq: 1 });
  tell().onCommitted?.({ requestId: 'a', seq: 2 });
  tell().onEnd?.();
  expect((await follower.toArray()).join('').trimEnd().split('\n')).toEqual([
    '{"type":"following"}',
    '{"type":"committed","requestId":"a","seq":2,"state":"RUNNING"}',
    '{"type":"committed","requestId":"b","seq":1}',
    '{"type":"stopped"}',
  ]);
});
