/** What requests are found by, how a find is refused, and a request followed by server-sent events. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { tempFolder } from '../kit/tempFolder.ts';
import { createApis } from './kit.ts';
import type { Hosted } from './kit.ts';

const open = createApis();
const path = '/api/v1/requests';
const listSchema = z.array(z.looseObject({ id: z.string() })).nullable();
let host: Hosted;

/** Three requests, the oldest first: one that is complete, one that has failed, one that runs. */
beforeAll(async () => {
  host = await open(tempFolder());
  const { client } = host.millrace;
  const start = (type: string, args: object, requestId: string, user: string) =>
    client.start(type, args, { requestId, user });
  await (await start('steps', { text: 'a=b', n: 2 }, 'done', 'ann')).finished();
  await (await start('failing', {}, 'failed', 'bob')).finished();
  await start('gate', { n: 1 }, 'runs', 'ann');
}, 60_000);
afterAll(() => host.open());

test('lists requests, the newest first, without their chains and args', async () => {
  const { status, json } = await host.ask(`GET ${path}`);
  expect(status).toBe(200);
  const rows = listSchema.parse(json) ?? [];
  expect(rows.map(({ id }) => id)).toEqual(['runs', 'failed', 'done']);
  expect(rows[2]).toEqual({
    ...{ id: 'done', type: 'steps', state: 3, user: 'ann', totalJobs: 4, finishedJobs: 4 },
    ...{ createdAt: expect.any(String), startedAt: expect.any(String) },
    finishedAt: expect.any(String) as string,
  });
});

const none = null;

test.each([
  ['type=steps', ['done']],
  ['type=Steps', none],
  ['user=ann', ['runs', 'done']],
  ['state=COMPLETE', ['done']],
  ['state=RUNNING', ['runs']],
  ['state=FAIL&state=COMPLETE', ['failed', 'done']],
  ['state=STOPPED', none],
  ['arg=text=a=b', ['done']],
  ['arg=text=a', none],
  ['arg=text=a=b&arg=n=7', none],
  ['arg=text=a=b&arg=text=c', none],
  ['since=2000-01-01T00:00:00Z', ['runs', 'failed', 'done']],
  ['since=2100-01-01T00:00:00.123456789%2B02:00', ['runs']],
  ['until=2000-01-01T00:00:00Z', none],
  ['until=2100-01-01T00:00:00Z&user=bob', ['failed']],
  ['user=ann&state=COMPLETE&type=steps&arg=text=a=b', ['done']],
  ['user=ann&state=FAIL', none],
  ['limit=1', ['runs']],
  ['limit=1&offset=1', ['failed']],
  ['limit=0&offset=1', ['runs', 'failed', 'done']],
  ['limit=5&offset=3', none],
  ['type=&user=&since=&until=&limit=', ['runs', 'failed', 'done']],
])('%s finds %j', async (query, ids) => {
  const { status, json } = await host.ask(`GET ${path}?${query}`);
  expect(status).toBe(200);
  expect(listSchema.parse(json)?.map(({ id }) => id) ?? null).toEqual(ids);
});

test.each([
  ['state=complete', 'state "complete" is none of UNKNOWN, PENDING, RUNNING,'],
  ['state=COMPLETE,FAIL', 'give one a parameter, in capitals'],
  ['arg=text', 'arg "text" has no "="; write arg=name=value'],
  ['since=yesterday', 'since "yesterday" is no time like 2026-11-26T10:00:00Z (RFC 3339)'],
  ['until=2026-11-26', 'until "2026-11-26" is no time like'],
  ['until=2026-13-26T10:00:00Z', 'until "2026-13-26T10:00:00Z" is no time like'],
  ['limit=-1', 'limit "-1" is no whole number'],
  ['limit=ten', 'limit "ten" is no whole number'],
  ['limit=1&offset=x', 'offset "x" is no whole number'],
])('%s is refused with 400', async (query, message) => {
  const { status, json } = await host.ask(`GET ${path}?${query}`);
  expect([status, json]).toEqual([
    400,
    { message: expect.stringContaining(message) as string, requestId: '', httpStatus: 400 },
  ]);
});

test('an offset without a limit is not looked at', async () => {
  const { status, json } = await host.ask(`GET ${path}?offset=x`);
  expect([status, listSchema.parse(json)?.length]).toEqual([200, 3]);
});

/** Events of a stream that has ended: their names, ids and data. */
function eventsIn(text: string) {
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('id:') || block.startsWith('event:'))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const data = JSON.parse(field('data') ?? 'null') as Record<string, unknown>;
      return { name: field('event'), id: field('id'), data };
    });
}

test('events tell every transition and the end, and go on after the last that was seen', async () => {
  const whole = await host.ask(`GET ${path}/done/events`);
  expect(whole.headers.get('content-type')).toContain('text/event-stream');
  const events = eventsIn(whole.text);
  const last = { state: 3, totalJobs: 4, finishedJobs: 4 };
  expect(events.at(-1)).toMatchObject({ name: 'end', data: last });
  expect(events.filter(({ name }) => name === 'progress').at(-1)?.data).toEqual(last);
  const moves = events.filter(({ name }) => name === 'transition');
  expect(moves.map(({ data }) => `${String(data['actor'])} ${String(data['to'])}`)).toEqual(
    expect.arrayContaining(['chain RUNNING', 'job/first COMPLETE', 'chain COMPLETE']),
  );
  const ids = moves.flatMap(({ id }) => id ?? []);
  expect(ids).toEqual([...ids].sort((a, b) => Number(a) - Number(b)));

  const [seen = ''] = ids;
  const rest = await host.ask(`GET ${path}/done/events`, undefined, { 'last-event-id': seen });
  const more = eventsIn(rest.text).filter(({ name }) => name === 'transition');
  expect(more.flatMap(({ id }) => id ?? [])).toEqual(ids.slice(1));
  const all = { 'last-event-id': ids.at(-1) ?? '' };
  expect((await host.ask(`GET ${path}/done/events`, undefined, all)).status).toBe(204);
});

test('events of what is unknown, or after what is no event, are refused', async () => {
  expect((await host.ask(`GET ${path}/nope/events`)).status).toBe(404);
  const after = { 'last-event-id': 'x' };
  expect((await host.ask(`GET ${path}/done/events`, undefined, after)).status).toBe(400);
});
