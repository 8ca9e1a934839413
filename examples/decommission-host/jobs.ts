/** The jobs that the spec names. A host is a file here that says how many are connected to it. */
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defineJob } from 'millrace';
import { z } from 'zod';

const host = z.object({ path: z.string() });

/** Its create step runs while the request is planned: a host that is not there refuses the request. */
export const findHost = defineJob({
  type: 'find-host',
  args: z.object({ host: z.string().regex(/^[\w-]+$/), fleet: z.string() }),
  async create({ args }) {
    const path = resolve(join(args.fleet, args.host));
    await access(path).catch(() => {
      throw new Error(`there is no host ${args.host} in ${args.fleet}`);
    });
    return { path };
  },
  run: () => undefined,
});

/** Sends half of those who are connected elsewhere. */
export const drainHost = defineJob({
  type: 'drain-host',
  args: host,
  async run({ args: { path }, status }) {
    const left = Math.floor((await connectedTo(path)) / 2);
    status(`${left} left`);
    await writeFile(path, `${left}\n`);
  },
});

/** Fails while somebody is connected, and with it the sequence, which is then tried again. */
export const verifyEmpty = defineJob({
  type: 'verify-empty',
  args: host,
  async run({ args: { path } }) {
    const left = await connectedTo(path);
    if (left > 0) throw new Error(`${left} are still connected`);
  },
});

export const removeHost = defineJob({
  type: 'remove-host',
  args: host,
  run: ({ args: { path } }) => rm(path, { force: true }),
});

async function connectedTo(path: string): Promise<number> {
  return Number(await readFile(path, 'utf8'));
}
