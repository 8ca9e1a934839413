/** Actors of one's own from another process: events, replies now and later, queries, over the control socket. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../src/index.ts';
import { desk } from '../kit/deskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { createHosts, send } from './kit.ts';

const folder = tempFolder();
const host = createHosts();
const main = 'd1/desk/main';
const options = { actors: [desk] };

test('an event is answered now or later, a query at once', async () => {
  const data = join(folder, 'answers');
  await host(data, options);
  const client = await connect({ data });
  expect(await client.send(main, { type: 'desk.open' })).toEqual({ ok: true });
  const asked = client.send(main, { type: 'desk.ask', about: 'x' });
  expect(await client.send(main, { type: 'desk.hello' })).toEqual({ greeting: 'hello' });
  await client.send(main, { type: 'desk.answer', text: 'yes' });
  expect(await asked).toEqual({ text: 'yes' });
  expect(await client.query('d1', 'waiting')).toBe(0);
  await client.close();
});

test('what is refused is refused with the words of the host', async () => {
  const data = join(folder, 'refused');
  await host(data, options);
  const client = await connect({ data });
  await client.send(main, { type: 'desk.open' });
  await expect(client.send(main, { type: 'desk.ask' })).rejects.toMatchObject({
    code: 'rejected',
    message: expect.stringContaining('"desk.ask" for d1 does not fit: about: '),
  });
  await expect(client.query('d1', 'wating')).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('did you mean "waiting"?'),
  });
  const { status, body } = await send(data, { path: '/send', body: '{"address":"d1"}' });
  expect([status, body]).toEqual([400, expect.stringContaining('event: ')]);
  await client.close();
});

test('an answer that is awaited while the host is restarted comes from the one that is there then', async () => {
  const data = join(folder, 'restarted');
  const first = await host(data, options);
  const client = await connect({ data });
  await client.send(main, { type: 'desk.open' });
  const asked = client.send(main, { type: 'desk.ask', about: 'x' });
  await client.send(main, { type: 'desk.hello' });
  await first.stop();
  await host(data, options);
  const messageId = 'mine';
  const again = client.send(main, { type: 'desk.ask', about: 'y' }, { messageId });
  await client.send(main, { type: 'desk.hello' });
  await client.send(main, { type: 'desk.answer', text: 'one' });
  expect(await asked).toEqual({ text: 'one' });
  await client.send(main, { type: 'desk.answer', text: 'two' });
  expect(await again).toEqual({ text: 'two' });
  await client.close();
});
