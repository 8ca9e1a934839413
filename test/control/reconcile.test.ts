/** `millrace reconcile` from another process: every owner is asked, and goes on as before. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toConfig } from '../../src/config.ts';
import { openConnection } from '../../src/connect.ts';
import { desk } from '../kit/deskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { createHosts } from './kit.ts';

const folder = tempFolder();
const host = createHosts();

test('every partition is owned anew by the host, which answers then as it did before', async () => {
  const data = join(folder, 'reconciled');
  await host(data, { actors: [desk], partitions: 4 });
  const { link, close } = await openConnection(toConfig({ data }));
  await link.send('d1/desk/main', { type: 'desk.open' });
  expect(await link.reconcile()).toBe(4);
  expect(await link.send('d1/desk/main', { type: 'desk.hello' })).toEqual({ greeting: 'hello' });
  expect(await link.reconcile()).toBe(4);
  await close();
});
