/** What is suspended waits for as long as it is let. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const hold = defineJob({
  type: 'hold',
  args: z.object({}),
  run: ({ signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('told to end')));
    }),
});
const held = defineChain({
  type: 'held',
  args: z.object({}),
  plan: ({ job }) => void job(hold, {}, { name: 'only' }),
});
const options = { jobs: [hold], chains: [held], partitions: 1 };

test('a request that is suspended for longer than suspendedTtlMs fails, also after a restart, and is retried', async () => {
  const data = tempFolder();
  const first = createMillrace({ ...options, data, suspendedTtlMs: 300 });
  await first.start();
  const { id } = await first.client.start(held, {}, { requestId: 'left-alone' });
  await first.client.request(id).suspend();
  await first.stop();

  const second = createMillrace({ ...options, data });
  await second.start();
  const ended = await second.client.request(id).finished();
  expect(ended).toMatchObject({
    state: 'FAIL',
    failures: [
      { name: 'the request', reason: 'it was suspended for longer than 300 ms (suspendedTtlMs)' },
    ],
  });
  const again = await second.client.retry(id);
  await again.stop();
  expect(await again.finished()).toMatchObject({ state: 'STOPPED' });
  await second.stop();
}, 60_000);
