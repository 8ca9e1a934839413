/** What a process on one machine loads: its start is measured, and the drivers of servers are large. */
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { tempFolder } from '../kit/tempFolder.ts';
import { main } from './kit.ts';

test('no driver of a server, and no metrics', async () => {
  const compose = pathToFileURL(join(dirname(main), 'compose.js')).href;
  const script = `
    import { createRequire } from 'node:module';
    import { createMillrace } from '${compose}';
    const millrace = createMillrace({ data: ${JSON.stringify(tempFolder())} });
    await millrace.start();
    await millrace.stop();
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    const named = (name) => loaded.some((path) => path.includes('/node_modules/' + name + '/'));
    console.log(JSON.stringify(['libsql', 'mongodb', 'amqplib', 'prom-client'].filter(named)));
  `;
  const { stdout } = await execa('node', ['--input-type=module', '-e', script]);
  expect(JSON.parse(stdout)).toEqual(['libsql']);
});
