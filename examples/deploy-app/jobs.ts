/** The jobs of a deployment. A host is a folder here, in which each app has a file with its version. */
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineJob } from 'millrace';
import { z } from 'zod';

const release = z.object({ app: z.string(), version: z.string() });
const onHost = release.extend({ host: z.string().regex(/^[\w-]+$/) });
const root = 'hosts';

export const install = defineJob({
  type: 'install',
  args: onHost,
  async run({ args: { app, version, host } }) {
    await mkdir(join(root, host), { recursive: true });
    await writeFile(join(root, host, app), version);
    return `${app} ${version} on ${host}`;
  },
});

/** When another version answers, the host is installed again: the sequence is retried. */
export const probe = defineJob({
  type: 'probe',
  args: onHost,
  async run({ args: { app, version, host } }) {
    const found = await readFile(join(root, host, app), 'utf8');
    if (found !== version) throw new Error(`${host} answers with ${app} ${found}`);
  },
});

export const announce = defineJob({
  type: 'announce',
  args: release,
  run: ({ args: { app, version } }) => appendFile('news.txt', `${app} is at ${version}\n`),
});
