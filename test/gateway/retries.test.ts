/** A request that has ended is retried: what is kept, what runs, and what is refused; by a program and by a message. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connect } from '../../src/adapters/sqlite/connection.ts';
import { toConfig } from '../../src/config.ts';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { JobDefinition, Millrace, Request } from '../../src/index.ts';
import { openReader } from '../../src/openReader.ts';
import { openTracked } from '../../src/openTracked.ts';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';

/** What was run, with what color, and which of them fail. */
let ran: string[] = [];
let failing: ReadonlySet<string> = new Set();
/** Runs until it is told to end. */
let held = '';
/** Characters that the first job answers with. */
let length = 1;

const args = z.object({ name: z.string(), color: z.string() });

function stepOf(type: string, before?: JobDefinition<z.ZodType, string>) {
  return defineJob({
    type,
    args,
    async run({ args: { name, color }, resultsOf, data, signal }) {
      const [known = ''] = before === undefined ? [] : resultsOf(before);
      ran.push(`${name} ${color}`);
      if (failing.has(name)) throw new Error(`${name} is broken`);
      if (held === name)
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error())),
        );
      const path = `${data['path'] === undefined ? '' : (data['path'] as string)}/${name}`;
      data['path'] = path;
      return `${known.slice(0, 20)}${name.repeat(length)} of ${path}`;
    },
  });
}

const fetch = stepOf('fetch');
const build = stepOf('build', fetch);
const ship = stepOf('ship', build);

const release = defineChain({
  type: 'release',
  args: z.object({ color: z.string(), extra: z.coerce.boolean().default(false) }),
  plan({ args: { color, extra }, job }) {
    const one = job(fetch, { name: 'one', color }, { name: 'one' });
    const two = job(build, { name: 'two', color }, { name: 'two', after: one });
    if (extra) job(build, { name: 'extra', color }, { name: 'extra', after: one });
    job(ship, { name: 'three', color }, { name: 'three', after: two });
  },
});

let data: string;
let millrace: Millrace;

async function open(): Promise<void> {
  millrace = createMillrace({ data, jobs: [fetch, build, ship], chains: [release] });
  await millrace.start();
}

beforeEach(async () => {
  [ran, failing, held, length, data] = [[], new Set(), '', 1, tempFolder()];
  await open();
});

afterEach(() => millrace.stop());

async function failed(...names: string[]): Promise<Request> {
  failing = new Set(names);
  const request = await millrace.client.start(release, { color: 'red' }, { labels: { team: 'a' } });
  await request.finished();
  [failing, ran] = [new Set(), []];
  return request;
}

async function resultsOf(id: string): Promise<unknown[]> {
  const results: unknown[] = [];
  for await (const { type, body } of millrace.client.reader.events(id))
    if (type === 'attempt.succeeded') results.push((body as { result: unknown }).result);
  return results;
}

describe('a retry', () => {
  it('keeps what is complete, with its results and data, and runs the rest', async () => {
    const { id } = await failed('two');
    const request = await millrace.client.retry(id);
    const status = await request.finished();
    expect(ran).toEqual(['two red', 'three red']);
    expect(await resultsOf(request.id)).toEqual([
      'one of /onetwo of /one/two',
      'one of /onetwo of /one/twothree of /one/two/three'.slice(0, 20) + 'three of /one/two/three',
    ]);
    expect(status).toMatchObject({
      state: 'COMPLETE',
      args: { color: 'red' },
      counts: { complete: 3 },
      retryOf: { request: id, carried: 1 },
    });
    expect((await millrace.client.request(id).status()).state).toBe('FAIL');
  });

  it('from a job runs it and all after it again', async () => {
    const { id } = await failed();
    const request = await millrace.client.retry(id, { from: 'two' });
    await request.finished();
    expect(ran).toEqual(['two red', 'three red']);
  });

  it('with changed args plans what runs with these, keeps what is complete, and says what is outdated', async () => {
    const { id } = await failed('two');
    const request = await millrace.client.retry(id, { set: { color: 'blue', extra: true } });
    const status = await request.finished();
    expect(ran.sort()).toEqual(['extra blue', 'three blue', 'two blue']);
    expect(status.args).toEqual({ color: 'blue', extra: true });
    expect(status.retryOf).toEqual({ request: id, carried: 1, outdated: ['one'] });
  });

  it('of a retry keeps what both have done', async () => {
    const { id } = await failed('two');
    failing = new Set(['three']);
    const second = await millrace.client.retry(id);
    expect((await second.finished()).state).toBe('FAIL');
    [failing, ran] = [new Set(), []];
    const third = await millrace.client.retry(second.id);
    expect((await third.finished()).state).toBe('COMPLETE');
    expect(ran).toEqual(['three red']);
  });

  it('of one that was stopped goes on with it', async () => {
    const { id } = await failed('one');
    await millrace.client.request(id).stop();
    await (await millrace.client.retry(id)).finished();
    expect(ran).toEqual(['one red', 'two red', 'three red']);
  });

  it('twice under one id is one request', async () => {
    const { id } = await failed('two');
    const options = { requestId: 'again' };
    const one = await millrace.client.retry(id, options);
    const two = await millrace.client.retry(id, options);
    expect([one.id, two.id]).toEqual(['again', 'again']);
    await one.finished();
    expect(ran).toEqual(['two red', 'three red']);
  });

  it('goes on after a restart, large results and all, and replays alike', async () => {
    length = 30_000;
    const { id } = await failed('three');
    const request = await millrace.client.retry(id, { from: 'two' });
    await millrace.stop();
    await open();
    const again = millrace.client.request(request.id);
    expect((await again.finished()).state).toBe('COMPLETE');
    expect((await resultsOf(request.id)).every((text) => String(text).length > 30_000)).toBe(true);
    const reader = await openReader(toConfig({ data }));
    expect(await reader.verify(request.id)).toEqual({ id: request.id, entries: 3 });
    await reader.close();
  });

  it('is known by the request that it retries, with its labels', async () => {
    const { id } = await failed('two');
    const request = await millrace.client.retry(id, { user: 'ann' });
    await request.finished();
    const tracked = await openTracked(toConfig({ data }));
    await eventually(async () =>
      expect(await tracked.info(request.id)).toMatchObject({
        ...{ state: 'COMPLETE', retryOf: id, labels: { team: 'a' }, user: 'ann' },
        counts: { complete: 3 },
      }),
    );
    expect((await tracked.log(request.id)).map(({ name }) => name)).toEqual(['two', 'three']);
    await tracked.close();
  });
});

describe('a retry is refused', () => {
  const refused = (id: string, options: object, code: string, message: string) =>
    expect(millrace.client.retry(id, options)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });

  it('of a request that is not there', () => refused('nobody', {}, 'not-found', '"nobody"'));

  it('of one that has not ended', async () => {
    const { id } = await failed('two');
    held = 'two';
    const request = await millrace.client.retry(id);
    await eventually(() => expect(ran).toContain('two red'));
    await refused(request.id, {}, 'state', 'it is RUNNING; wait for its end, or stop it first');
    await request.suspend();
    await request.settled();
    await refused(request.id, {}, 'state', 'it is SUSPENDED; resume it, or stop it first');
  });

  it('when nothing is left to run', async () => {
    const { id } = await failed();
    await refused(id, {}, 'state', 'no job of it is left to run');
    await refused(id, {}, 'state', '--from JOB');
  });

  it('from a job that it does not have', async () => {
    const { id } = await failed('two');
    await refused(id, { from: 'tow' }, 'plan', 'no job "tow" (did you mean "two"?)');
  });

  it('with args that do not fit', async () => {
    const { id } = await failed('two');
    await refused(id, { set: { color: 7 } }, 'plan', 'color');
  });

  it('when its results are lost', async () => {
    length = 30_000;
    const { id } = await failed('two');
    await millrace.stop();
    const store = connect(join(data, 'store.db'), false);
    store.exec('DELETE FROM blobs');
    store.close();
    await open();
    await refused(id, {}, 'state', 'cannot be read');
  });
});
