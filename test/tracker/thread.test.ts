/** The tracker's thread beside a real host: what people can ask, and that it is kept up to date. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { toConfig } from '../../src/config.ts';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { Millrace } from '../../src/index.ts';
import { openTracked, rebuildReadModels } from '../../src/openTracked.ts';
import { TrackerThread } from '../../src/tracker/thread.ts';
import { documentsIn } from '../kit/documents.ts';
import { eventually } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const folder = tempFolder();

let release: () => void = () => undefined;
const copy = defineJob({
  type: 'copy',
  args: z.object({ file: z.string() }),
  retry: { attempts: 2, waitMs: 0 },
  async run({ args, attempt, status }) {
    if (args.file === 'flaky' && attempt === 1) throw new Error('no luck');
    if (args.file === 'slow') {
      status('at 10 %');
      await new Promise<void>((resolve) => (release = resolve));
    }
  },
});
const copyAll = defineChain({
  type: 'copy-all',
  args: z.object({ files: z.array(z.string()) }),
  plan({ args, job }) {
    let after: readonly ReturnType<typeof job>[] = [];
    for (const file of args.files) after = [job(copy, { file }, { name: file, after })];
  },
});

let running: Millrace | undefined;
afterEach(async () => {
  release();
  await running?.stop();
});

async function start(name: string) {
  const options = { jobs: [copy], chains: [copyAll], data: join(folder, name), partitions: 2 };
  running = createMillrace(options);
  await running.start();
  return { client: running.client, config: toConfig(options) };
}

test('a request that has ended is found with its jobs and every attempt', async () => {
  const { client, config } = await start('ended');
  const request = await client.start(copyAll, { files: ['a', 'flaky'] }, { user: 'ada' });
  await request.finished();
  const tracked = await openTracked(config);
  expect(await tracked.behind()).toBe(0);
  expect(await tracked.find({ states: ['COMPLETE'], user: 'ada' })).toMatchObject([
    { id: request.id, type: 'copy-all', state: 'COMPLETE', args: { files: ['a', 'flaky'] } },
  ]);
  expect(await tracked.log(request.id)).toMatchObject([
    { name: 'a', attempt: 1, state: 'COMPLETE' },
    { name: 'flaky', attempt: 1, state: 'FAIL', reason: expect.stringContaining('no luck') },
    { name: 'flaky', attempt: 2, state: 'COMPLETE' },
  ]);
  expect(await tracked.counts()).toEqual({ requests: { COMPLETE: 1 }, jobs: { COMPLETE: 2 } });
  await tracked.close();
});

test('what runs is listed with what it says, and gone when it has ended', async () => {
  const { client, config } = await start('running');
  const request = await client.start(copyAll, { files: ['a', 'slow'] });
  await eventually(async () => {
    const tracked = await openTracked(config);
    const running = await tracked.running();
    await tracked.close();
    expect(running).toMatchObject([
      { request: request.id, name: 'slow', state: 'RUNNING', attempts: 1, text: 'at 10 %' },
    ]);
  });
  release();
  await request.finished();
  const tracked = await openTracked(config);
  expect(await tracked.running(request.id)).toEqual([]);
  await tracked.close();
});

test('a stop leaves nothing unapplied; without a host, what is missing is made by who asks', async () => {
  const { client, config } = await start('alone');
  const request = await client.start(copyAll, { files: ['a'] });
  await request.finished();
  await running?.stop();
  const documents = await documentsIn(config.data);
  expect(documents).toMatchObject({ requests: [{ id: request.id, state: 'complete' }] });
  rmSync(join(config.data, 'readmodels.db'));
  const tracked = await openTracked(config);
  expect(await tracked.info(request.id)).toMatchObject({ state: 'COMPLETE', total: 1 });
  await expect(tracked.jobs('nobody')).rejects.toMatchObject({ code: 'not-found' });
  await tracked.close();
  expect(await documentsIn(config.data)).toEqual(documents);
});

test('a folder without a store is refused', async () => {
  const config = toConfig({ data: join(folder, 'none') });
  await expect(openTracked(config)).rejects.toMatchObject({ code: 'store' });
});

test('made anew, by the host or without one, the read models are the same', async () => {
  const { client, config } = await start('anew');
  const files = ['a', 'flaky', 'b'];
  const requests = await Promise.all([1, 2, 3].map(() => client.start(copyAll, { files })));
  await Promise.all(requests.map((request) => request.finished()));
  await (await openTracked(config)).close();
  const before = await documentsIn(config.data);
  const rebuilt = { entries: 3 * 5 + 2, requests: 3 };
  expect(await rebuildReadModels(config)).toMatchObject(rebuilt);
  expect(await documentsIn(config.data)).toEqual(before);
  await running?.stop();
  expect(await rebuildReadModels(config)).toMatchObject(rebuilt);
  expect(await documentsIn(config.data)).toEqual(before);
});

test('a thread that fails is started again, and disturbs nobody', async () => {
  const clock = new FakeClock();
  const said: string[] = [];
  const tracker = new TrackerThread({
    entry: new URL('data:text/javascript,throw new Error("no room")'),
    ...{ store: 'none', models: 'none', partitions: 1, clock },
    warn: (text) => void said.push(text),
  });
  tracker.start();
  await eventually(() => expect([said.length, clock.pending]).toEqual([1, 1]));
  expect(said).toEqual(['the tracker failed: no room']);
  tracker.committed(0);
  await expect(tracker.rebuild()).rejects.toMatchObject({ code: 'unavailable' });
  clock.advance(5000);
  await eventually(() => expect([said.length, clock.pending]).toEqual([2, 1]));
  await tracker.stop();
  expect(clock.pending).toBe(0);
});
