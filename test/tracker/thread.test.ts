/** The tracker's thread beside a real host: what people can ask, and that it is kept up to date. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { toConfig } from '../../src/config.ts';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { Millrace } from '../../src/index.ts';
import { openTracked, rebuildReadModels } from '../../src/openTracked.ts';
import { documentsIn } from '../kit/documents.ts';
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

test('made anew, the read models are the same', async () => {
  const { client, config } = await start('anew');
  const files = ['a', 'flaky', 'b'];
  const requests = await Promise.all([1, 2, 3].map(() => client.start(copyAll, { files })));
  await Promise.all(requests.map((request) => request.finished()));
  await running?.stop();
  const before = await documentsIn(config.data);
  const rebuilt = await rebuildReadModels(config);
  expect(rebuilt).toMatchObject({ entries: 3 * 5 + 2, requests: 3 });
  expect(await documentsIn(config.data)).toEqual(before);
});
