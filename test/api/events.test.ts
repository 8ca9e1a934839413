/** Server-sent events of a request: as it goes on, to its end, and again after what was seen. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { createApis, once } from './kit.ts';

const folder = tempFolder();
const host = createApis();
const shared = once(() => host(join(folder, 'shared')));

type Event = { id?: string; event?: string; data?: Record<string, unknown> };

/** Events as a browser reads them; a line that begins with a colon says nothing. */
function parse(text: string): Event[] {
  const blocks = text.split('\n\n').filter((block) => block !== '' && !block.startsWith(':'));
  return blocks.map((block) => {
    const fields = block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2));
    const { data = '{}', ...rest } = Object.fromEntries(fields) as Record<string, string>;
    return { ...rest, data: JSON.parse(data) as Record<string, unknown> };
  });
}

/** Reads a stream until what has come fits. */
async function readUntil(response: Response, fits: (events: Event[]) => boolean): Promise<Event[]> {
  let text = '';
  if (response.body === null) throw new Error('there is no stream');
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const events = parse(text.slice(0, text.lastIndexOf('\n\n') + 2));
    if (fits(events)) return events;
  }
  throw new Error(`the stream ended with ${text}`);
}

function moves(events: readonly Event[]): string[] {
  return events
    .filter(({ event }) => event === 'transition')
    .map(({ data = {} }) => `${String(data['actor'])} ${String(data['to'])}`);
}

test('a request is followed to its end, with ids that count up', async () => {
  const { ask, millrace } = await shared();
  const { id } = await millrace.client.start('steps', { text: 'a', n: 3 });
  const { status, headers, text } = await ask(`GET /api/v1/requests/${id}/events`);
  expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const events = parse(text);
  expect(moves(events)).toEqual([
    'chain RUNNING',
    'job/first RUNNING',
    'job/first COMPLETE',
    'job/sequence_rest_begin COMPLETE',
    'job/step-1 RUNNING',
    'job/step-1 COMPLETE',
    'job/step-2 RUNNING',
    'job/step-2 COMPLETE',
    'chain COMPLETE',
    'job/sequence_rest_end COMPLETE',
  ]);
  expect(events.flatMap((each) => each.id ?? [])).toEqual(['1', '2', '3', '4']);
  expect(events.at(-1)).toEqual({
    event: 'end',
    data: { state: 3, totalJobs: 5, finishedJobs: 5 },
  });
  const counts = events.filter(({ event }) => event === 'progress');
  expect(counts.at(-1)?.data).toEqual({ state: 3, totalJobs: 5, finishedJobs: 5 });
});

test('a follower that comes again goes on after what it has seen, and is told when that was all', async () => {
  const { ask, millrace } = await shared();
  const { id } = await millrace.client.start('steps', { text: 'a', n: 3 });
  await millrace.client.request(id).finished();
  const again = async (seen: string) =>
    ask(`GET /api/v1/requests/${id}/events`, undefined, { 'last-event-id': seen });
  const rest = parse((await again('2')).text);
  expect(moves(rest)[0]).toBe('job/step-1 COMPLETE');
  expect(rest.at(-1)?.data).toEqual({ state: 3, totalJobs: 5, finishedJobs: 5 });
  for (const seen of ['4', '99']) {
    const none = await again(seen);
    expect([none.status, none.text]).toEqual([204, '']);
  }
});

test('what happens and what jobs say comes while it does', async () => {
  const { ask, millrace, url, open } = await host(join(folder, 'live'));
  const request = await millrace.client.start('gate', {});
  const follow = () => fetch(`${url}/api/v1/requests/${request.id}/events`);
  const saysOf = (n: number) => (events: Event[]) =>
    events.some(({ event, data = {} }) => event === 'status' && data['try'] === n);
  const running = await follow();
  await request.suspend();
  await request.settled();
  await request.resume();
  const events = await readUntil(running, saysOf(2));
  expect(events.filter(({ event }) => event === 'status').at(-1)?.data).toMatchObject({
    ...{ jobId: 'waiting-1', status: 'waiting at the gate' },
  });
  expect(events.find(({ event }) => event === 'progress')?.data).toEqual({
    ...{ state: 2, totalJobs: 1, finishedJobs: 0 },
  });
  await eventually(async () => {
    expect((await ask('GET /api/v1/status/running')).text).toContain('at the gate');
  });
  // Said before it was asked, and told all the same.
  await readUntil(await follow(), saysOf(2));
  const ended = readUntil(await follow(), (all) => all.some(({ event }) => event === 'end'));
  open();
  expect(moves(await ended).at(-1)).toBe('chain COMPLETE');
});

test('a stop of the process ends the stream, and the process', async () => {
  const { millrace, url } = await host(join(folder, 'stopped'));
  const { id } = await millrace.client.start('gate', {});
  const response = await fetch(`${url}/api/v1/requests/${id}/events`);
  const reading = readUntil(response, () => false);
  reading.catch(() => undefined);
  await millrace.stop();
  await expect(reading).rejects.toThrow();
  await expect(fetch(`${url}/version`)).rejects.toThrow();
});

test('a follower that goes leaves nothing behind', async () => {
  const { millrace, url } = await shared();
  const { id } = await millrace.client.start('gate', {});
  const gone = new AbortController();
  const response = await fetch(`${url}/api/v1/requests/${id}/events`, { signal: gone.signal });
  await readUntil(response, (all) => all.length > 0).finally(() => gone.abort());
  expect((await fetch(`${url}/version`)).status).toBe(200);
});

test.each([
  ['nope', '', 404],
  ['nope', 'x', 400],
  ['nope', '-1', 400],
])('events of %s after "%s" are refused with %i', async (id, seen, status) => {
  const { ask } = await shared();
  const answer = await ask(`GET /api/v1/requests/${id}/events`, undefined, {
    'last-event-id': seen,
  });
  expect(answer.status).toBe(status);
  expect(answer.json).toMatchObject({ requestId: id, httpStatus: status });
});
