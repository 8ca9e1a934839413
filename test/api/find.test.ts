/** GET /api/v1/requests: every filter, what is wrong with each, and the order. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { tempFolder } from '../kit/tempFolder.ts';
import { createApis, once } from './kit.ts';

const folder = tempFolder();
const host = createApis();
const path = 'GET /api/v1/requests';
const rowsSchema = z.array(z.looseObject({ id: z.string(), createdAt: z.string() })).nullable();

/** `a` and `b` are complete, `c` has failed, `d` waits, `e` is suspended; each was created after the one before. */
const filled = once(async () => {
  const hosted = await host(join(folder, 'filled'));
  const { client } = hosted.millrace;
  const start = async (id: string, type: string, args: unknown, user?: string) => {
    const options = { requestId: id, ...(user !== undefined && { user }) };
    const request = await client.start(type, args, options);
    // The next one is younger by the clock, too.
    const { createdAt } = await request.status();
    while (Date.now() <= createdAt) await new Promise((resolve) => setImmediate(resolve));
    return request;
  };
  await (await start('a', 'steps', { text: 'x', n: 3 }, 'ann')).finished();
  await (await start('b', 'stop-host', { host: 'h_1' }, 'bob')).finished();
  await (await start('c', 'failing', {}, 'ann')).finished();
  await start('d', 'gate', { label: 'x' });
  await (await start('e', 'gate', { label: 'y' }, 'bob')).suspend();
  await client.request('e').settled();
  return hosted;
});

async function ids(query: string): Promise<string> {
  const { ask } = await filled();
  const { status, json } = await ask(`${path}?${query}`);
  expect(status).toBe(200);
  return (rowsSchema.parse(json) ?? []).map(({ id }) => id).join('');
}

test('rows come newest first, without args and chain', async () => {
  const { ask } = await filled();
  const { json, text } = await ask(path);
  expect(
    rowsSchema
      .parse(json)
      ?.map(({ id }) => id)
      .join(''),
  ).toBe('edcba');
  expect(text).not.toContain('"args"');
  expect(text).not.toContain('JobChain');
  expect(rowsSchema.parse(json)?.at(-1)).toEqual({
    ...{ id: 'a', type: 'steps', state: 3, user: 'ann', totalJobs: 5, finishedJobs: 5 },
    createdAt: expect.any(String) as string,
    startedAt: expect.any(String) as string,
    finishedAt: expect.any(String) as string,
  });
  expect(rowsSchema.parse(json)?.at(1)).toMatchObject({ state: 2, user: '', finishedAt: null });
});

test.each([
  ['type=gate', 'ed'],
  ['type=', 'edcba'],
  ['type=gat', ''],
  ['user=ann', 'ca'],
  ['user=ann&type=steps', 'a'],
  ['state=COMPLETE', 'ba'],
  ['state=FAIL&state=SUSPENDED', 'ec'],
  ['state=RUNNING', 'd'],
  ['state=PENDING', ''],
  ['state=UNKNOWN', ''],
  ['state=STOPPED', ''],
  ['arg=label%3Dx', 'd'],
  ['arg=host%3Dh_1', 'b'],
  ['arg=host%3Dh%25', ''],
  ['arg=n%3D3', 'a'],
  ['arg=n%3D3&arg=text%3Dx', 'a'],
  ['arg=n%3D3&arg=text%3Dy', ''],
  ['arg=text%3Dx&arg=text%3Dy', ''],
  ['arg=wait%3D60', ''],
  ['limit=2', 'ed'],
  ['limit=2&offset=1', 'dc'],
  ['limit=0', 'edcba'],
  ['limit=0&offset=2', 'edcba'],
  ['offset=2', 'edcba'],
  ['offset=x', 'edcba'],
  ['limit=', 'edcba'],
  ['since=2000-01-01T00:00:00Z', 'edcba'],
  ['since=2100-01-01T00:00:00.123456789%2B02:00', 'ed'],
  ['until=2000-01-01T00:00:00Z', ''],
  ['until=2100-01-01T00:00:00-01:30&state=FAIL', 'c'],
  ['what=ever', 'edcba'],
])('%s finds "%s"', async (query, found) => {
  expect(await ids(query)).toBe(found);
});

test('since is not finished or finished after, and until is created before', async () => {
  const { millrace } = await filled();
  const at = async (id: string) => {
    const { createdAt, updatedAt } = await millrace.client.request(id).status();
    return [createdAt, updatedAt].map((ms) => new Date(ms).toISOString());
  };
  const [created = '', finished = ''] = await at('b');
  expect(await ids(`since=${finished}`)).toBe('edc');
  expect(await ids(`since=${finished.replace('Z', '000Z')}`)).toBe('edc');
  expect(await ids(`until=${created}`)).toBe('a');
  expect(await ids(`until=${created.replace('Z', '001Z')}`)).toBe('ba');
});

test('nothing found is null', async () => {
  const { ask } = await filled();
  expect((await ask(`${path}?type=nothing`)).text).toBe('null');
});

test.each([
  ['state=running', 'state "running" is none of UNKNOWN, PENDING'],
  ['state=FAIL,COMPLETE', 'state "FAIL,COMPLETE" is none of'],
  ['state=', 'state "" is none of'],
  ['state=STOPPING', 'state "STOPPING" is none of'],
  ['arg=host', 'arg "host" has no "="'],
  ['since=yesterday', 'since "yesterday" is no time'],
  ['since=2026-01-01', 'since "2026-01-01" is no time'],
  ['since=2026-13-01T00:00:00Z', 'is no time'],
  ['until=2026-01-01T00:00:00', 'is no time'],
  ['limit=-1', 'limit "-1" is no whole number'],
  ['limit=ten', 'limit "ten" is no whole number'],
  ['limit=1.5', 'limit "1.5" is no whole number'],
  ['limit=1&offset=x', 'offset "x" is no whole number'],
])('%s is refused with 400', async (query, said) => {
  const { ask } = await filled();
  const answer = await ask(`${path}?${query}`);
  expect(answer.status).toBe(400);
  expect(answer.json).toEqual({
    message: expect.stringContaining(said) as string,
    requestId: '',
    httpStatus: 400,
  });
});
