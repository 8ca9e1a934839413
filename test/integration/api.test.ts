/** The API over a cluster: a process with the role `api` alone, over RabbitMQ and MongoDB. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, inject, it, test } from 'vitest';
import { z } from 'zod';
import { asking } from '../api/kit.ts';
import { root, start, untilSaid } from '../cli/kit.ts';
import type { Program } from '../cli/kit.ts';
import { eventually } from '../kit/eventually.ts';
import { databasesOn } from '../kit/mongodbDatabases.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const amqp = inject('amqpUrl');
const mongodb = inject('mongodbUrl');
const config = join(root, 'test/integration/fixtures/cluster.config.ts');
const folder = tempFolder();
const ups: Program[] = [];
const madeSchema = z.looseObject({ id: z.string() });

afterEach(async () => {
  for (const up of ups) up.kill('SIGKILL');
  await Promise.all(ups.splice(0));
});

/** Starts `millrace up ARGS…`; resolves with what it has said of itself. */
async function up(env: Record<string, string>, ...args: string[]): Promise<string> {
  const program = start(['--config', config, 'up', '--json', ...args], folder, env);
  ups.push(program);
  return untilSaid(program, /"msg":"hosting"/, 30_000);
}

if ('url' in amqp && 'url' in mongodb) {
  const { url } = mongodb;
  const databaseOf = databasesOn(url);
  test('requests are created, shown, followed and stopped by a process that hosts nothing', async () => {
    const store = new URL(url);
    store.pathname = `/${databaseOf()}`;
    const env = {
      MILLRACE_AMQP_URL: amqp.url,
      MILLRACE_MONGODB_URL: store.href,
      MILLRACE_PREFIX: `test-${process.pid}-api`,
    };
    await up(env, '--roles', 'gateway,host,tracker');
    await up(env, '--roles', 'worker');
    const said = await up(env, '--roles', 'api', '--api', '0');
    const ask = asking(/"api":"([^"]+)"/.exec(said)?.[1] ?? '');

    const body = { type: 'gate', args: { dir: folder, n: '2' } };
    const made = await ask('POST /api/v1/requests', body);
    expect([made.status, made.json]).toMatchObject([201, { state: 1, totalJobs: 2 }]);
    const { id } = madeSchema.parse(made.json);
    // Answered after the commit: it is there at once.
    expect((await ask(`GET /api/v1/requests/${id}`)).json).toMatchObject({ id, state: 2 });
    // Lists are the tracker's, which follows.
    await eventually(async () => {
      const found = await ask('GET /api/v1/requests?arg=n%3D2');
      expect(found.json).toMatchObject([{ id, state: 2 }]);
      const { text } = await ask('GET /api/v1/status/running');
      expect(text.match(/waiting for go/g)).toHaveLength(2);
    }, 20_000);
    const followed = ask(`GET /api/v1/requests/${id}/events`);
    writeFileSync(join(folder, 'go'), '');
    expect((await followed).text).toMatch(
      /event: end\ndata: {"state":3,"totalJobs":2,"finishedJobs":2}/,
    );
    expect((await ask(`GET /api/v1/requests/${id}`)).json).toMatchObject({
      JobChain: { state: 3, jobs: { 'waiting-1': { state: 3, type: 'waiting' } } },
    });
    await eventually(async () => {
      expect((await ask(`GET /api/v1/requests/${id}/log`)).json).toHaveLength(2);
    }, 20_000);

    expect((await ask('POST /api/v1/requests', { type: 'gaet' })).status).toBe(400);
    expect((await ask('POST /api/v1/requests', { type: 'gate' })).status).toBe(400);
    expect((await ask('GET /api/v1/requests/nope')).status).toBe(404);
    expect((await ask('PUT /api/v1/requests/nope/stop')).status).toBe(404);
    expect((await ask(`PUT /api/v1/requests/${id}/suspend`)).status).toBe(409);
    const other = madeSchema.parse(
      (await ask('POST /api/v1/requests', { type: 'gate', args: { dir: tempFolder() } })).json,
    );
    const stopped = await ask(`PUT /api/v1/requests/${other.id}/stop`);
    expect([stopped.status, stopped.text]).toEqual([200, '']);
  }, 120_000);
} else it.skip('the API over a cluster: needs RabbitMQ and MongoDB', () => {});
