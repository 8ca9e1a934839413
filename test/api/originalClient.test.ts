/** What Spin Cycle's own client sends: its paths, its headers, its keys (specification 9). */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { createApis, once } from './kit.ts';

const host = createApis();
const own = once(() => host(join(tempFolder(), 'original')));
const json = { 'content-type': 'application/json' };

test('it starts, finds, looks at and stops a request', async () => {
  const { ask, millrace } = await own();
  const body = { Type: 'gate', Args: {}, User: '' };
  const made = await ask('POST /api/v1/requests', body, json);
  const { id } = made.json as { id: string };
  expect(made.status).toBe(201);
  // It puts a slash before the question mark.
  const found = await ask(
    'GET /api/v1/requests/?limit=10&state=RUNNING&type=gate',
    undefined,
    json,
  );
  expect([found.status, found.json]).toMatchObject([200, [{ id, type: 'gate', state: 2 }]]);
  const none = await ask('GET /api/v1/requests/?user=nobody', undefined, json);
  expect([none.status, none.json]).toEqual([200, null]);
  expect((await ask(`GET /api/v1/requests/${id}`, undefined, json)).json).toMatchObject({ id });
  expect((await ask(`GET /api/v1/status/running?requestId=${id}`)).json).toMatchObject({
    requests: { [id]: { id } },
  });
  expect((await ask(`PUT /api/v1/requests/${id}/stop`, '', json)).status).toBe(200);
  expect((await millrace.client.request(id).finished()).state).toBe('STOPPED');
});

test('an id as its find shows it, squeezed in the middle, is understood', async () => {
  const { ask, millrace } = await own();
  const { id } = await millrace.client.start('failing', {});
  const squeezed = `${id.slice(0, 9)}..${id.slice(-9)}`;
  await eventually(async () => {
    const found = await ask(`GET /api/v1/requests/${squeezed}`);
    expect([found.status, found.json]).toMatchObject([200, { id }]);
  });
  for (const other of [`${id.slice(0, 9)}..${'z'.repeat(9)}`, `${'z'.repeat(9)}..${id.slice(-9)}`])
    expect((await ask(`GET /api/v1/requests/${other}`)).status).toBe(404);
});

test('a default is a text wherever an arg is optional, as it takes nothing else', async () => {
  const { ask } = await own();
  const { json: list } = await ask('GET /api/v1/request-list', undefined, json);
  const args = (list as { Args: { Type: string; Default: unknown }[] }[]).flatMap(
    ({ Args }) => Args,
  );
  const optional = args.filter(({ Type }) => Type === 'optional');
  expect(optional.length).toBeGreaterThan(1);
  expect(optional.map(({ Default }) => typeof Default)).toEqual(optional.map(() => 'string'));
});
