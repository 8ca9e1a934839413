/** Roles as processes over a real RabbitMQ, with MongoDB and with SQLite: what a person does, and a third process sees. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it, test } from 'vitest';
import { root, start, untilSaid } from '../cli/kit.ts';
import type { Program } from '../cli/kit.ts';
import { eventually } from '../kit/eventually.ts';
import { databasesOn } from '../kit/mongodbDatabases.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const amqp = inject('amqpUrl');
const mongodb = inject('mongodbUrl');
const config = join(root, 'test/integration/fixtures/cluster.config.ts');
const folder = tempFolder();
let count = 0;
let ups: Program[] = [];

afterEach(async () => {
  for (const up of ups) up.kill('SIGKILL');
  await Promise.all(ups);
  ups = [];
});

type Up = { program: Program };

/** Processes that share a broker and a store of their own. */
class Deployment {
  readonly #env: Record<string, string>;
  readonly data: string;

  constructor(env: Record<string, string>) {
    count += 1;
    this.data = join(folder, String(count));
    mkdirSync(this.data);
    const prefix = `test-${process.pid}-${count}`;
    this.#env = { ...env, MILLRACE_PREFIX: prefix, MILLRACE_LOG: 'trace' };
  }

  /** `millrace ARGS…` */
  run(...args: string[]): Program {
    return start(['--config', config, '--data', join(this.data, 'data'), ...args], root, this.#env);
  }

  /** Resolves once it is up; wrapped, as to await a program is to await its end. */
  async up(roles: string, ...more: string[]): Promise<Up> {
    const up = this.run('up', '--json', '--roles', roles, ...more);
    ups.push(up);
    await untilSaid(up, /"msg":"hosting"/, 30_000);
    return { program: up };
  }

  /** A folder for a `gate`, and a word for it. */
  folder(name: string): string {
    const path = join(this.data, name);
    mkdirSync(path);
    return path;
  }
}

/** What a command prints with `--json`. */
async function json<T>(program: Program): Promise<T> {
  const { stdout, stderr, exitCode } = await program;
  if (exitCode !== 0) throw new Error(`${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Ends a process as a supervisor does. */
async function drained({ program }: Up): Promise<void> {
  program.kill('SIGTERM');
  const { exitCode, stdout, all } = await program;
  expect([exitCode, stdout.includes('"msg":"drained"')]).toEqual([0, true]);
  // Both URLs are said, the password in none of them.
  expect(all).toContain('guest:***@');
  expect(all).not.toContain('guest:guest@');
}

type Status = { id: string; state: string; counts: Record<string, number> };

/** Checksums a small tree, and looks at it from other processes. */
async function checksums(deployment: Deployment): Promise<void> {
  const tree = deployment.folder('tree');
  for (const name of ['a', 'b', 'c']) writeFileSync(join(tree, name), name);
  const out = join(deployment.data, 'SUMS');
  const args = ['checksum-tree', `dir=${tree}`, `out=${out}`];
  const { id, state } = await json<Status>(deployment.run('run', ...args, '--json'));
  expect(state).toBe('COMPLETE');
  expect(readFileSync(out, 'utf8').trimEnd().split('\n')).toHaveLength(3);
  const status = await json<Status>(deployment.run('status', id, '--json'));
  expect(status).toMatchObject({ state: 'COMPLETE', counts: { complete: 4 } });
  const found = await json<Status[]>(deployment.run('find', 'type=checksum-tree', '--json'));
  expect(found.map((each) => each.id)).toEqual([id]);
  expect((await deployment.run('log', id, '--json')).stdout.split('\n')).toHaveLength(4);
  const { stdout } = await deployment.run('events', id);
  expect(stdout).toContain('chain.create');
}

/** Suspends and resumes a chain that waits, and stops another. */
async function suspendAndStop(deployment: Deployment): Promise<void> {
  const dir = deployment.folder('gate');
  const { id } = await json<Status>(deployment.run('start', 'gate', `dir=${dir}`, '--json'));
  await eventually(async () => {
    const running = await json<{ text?: string }[]>(deployment.run('ps', id, '--json'));
    expect(running.map(({ text }) => text)).toEqual(['waiting for go', 'waiting for go']);
  }, 20_000);
  const suspended = await deployment.run('suspend', id, '--follow');
  expect(suspended.exitCode).toBe(4);
  const resumed = deployment.run('resume', id, '--follow');
  writeFileSync(join(dir, 'go'), '');
  expect((await resumed).exitCode).toBe(0);
  const otherDir = deployment.folder('other');
  const other = await json<Status>(deployment.run('start', 'gate', `dir=${otherDir}`, '--json'));
  expect((await deployment.run('stop', other.id, '--follow')).exitCode).toBe(3);
  writeFileSync(join(otherDir, 'go'), '');
  const retried = await json<Status>(deployment.run('retry', other.id, '--follow', '--json'));
  expect(retried).toMatchObject({ state: 'COMPLETE', retryOf: { request: other.id } });
}

const timeout = 120_000;

test.each([
  ['broker', 'MILLRACE_AMQP_URL', 'amqp', 'worker'],
  ['store', 'MILLRACE_MONGODB_URL', 'mongodb', 'gateway,host,worker,tracker'],
])(
  'a %s that is not there is awaited until a signal, and its password is not said',
  async (name, variable, protocol, roles) => {
    const deployment = new Deployment({ [variable]: `${protocol}://someone:s3cret@127.0.0.1:1` });
    const up = deployment.run('up', '--roles', roles);
    ups.push(up);
    const awaited = `the ${name} at ${protocol}://someone:\\*\\*\\*@127\\.0\\.0\\.1:1 is awaited: .*ECONNREFUSED`;
    await untilSaid(up, new RegExp(awaited), 20_000);
    up.kill('SIGTERM');
    const { exitCode, all } = await up;
    expect(exitCode).toBe(5);
    expect(all).toContain('Ended before it was up.');
    expect(all).not.toContain('s3cret');
  },
  30_000,
);

if ('url' in mongodb) {
  const { url } = mongodb;
  const databaseOf = databasesOn(url);
  const mongodbUrl = (): string => {
    const own = new URL(url);
    own.pathname = `/${databaseOf()}`;
    return own.href;
  };

  test(
    'one process on MongoDB alone, and reading without it',
    () => checksums(new Deployment({ MILLRACE_MONGODB_URL: mongodbUrl() })),
    timeout,
  );

  describe.skipIf('skipped' in amqp)('on RabbitMQ and MongoDB', () => {
    const amqpUrl = 'url' in amqp ? amqp.url : '';

    test(
      'host, worker, gateway and tracker as processes',
      async () => {
        const urls = { MILLRACE_AMQP_URL: amqpUrl, MILLRACE_MONGODB_URL: mongodbUrl() };
        const deployment = new Deployment(urls);
        const host = await deployment.up('host');
        const worker = await deployment.up('worker');
        const gateway = await deployment.up('gateway,tracker');
        await checksums(deployment);
        await suspendAndStop(deployment);
        for (const up of [gateway, worker, host]) await drained(up);
      },
      timeout,
    );
  });
} else it.skip(`on MongoDB: ${mongodb.skipped}`, () => {});

if ('url' in amqp) {
  describe('on RabbitMQ and SQLite', () => {
    const urls = { MILLRACE_AMQP_URL: amqp.url };

    test(
      'a host and a worker as processes; a second host is refused',
      async () => {
        const deployment = new Deployment(urls);
        const host = await deployment.up('gateway,host,tracker');
        const worker = await deployment.up('worker');
        await checksums(deployment);
        await suspendAndStop(deployment);
        const second = await deployment.run('up', '--roles', 'host');
        expect(second.exitCode).toBe(5);
        expect(second.stderr).toMatch(new RegExp(`is hosted by process ${host.program.pid ?? 0}`));
        for (const up of [worker, host]) await drained(up);
      },
      timeout,
    );
  });
} else it.skip(`RabbitMQ and SQLite: ${amqp.skipped}`, () => {});
