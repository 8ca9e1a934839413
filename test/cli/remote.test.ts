/** The command line against an API address: a real server, real processes, no data folder in common. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../kit/freePort.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { fixture, idIn, root, start, untilGatesWait, untilSaid } from './kit.ts';
import type { Program } from './kit.ts';

const folder = tempFolder();
const slow = 120_000;
const token = 'a-token-of-at-least-16';
let address = '';
let host: Program;

/** The test's configuration, for those who have a token. */
function configWithAuth(): string {
  const path = join(root, '.cache', `remote-${process.pid}.config.ts`);
  const auth = `{ tokens: [{ name: 'ann', token: '${token}' }] }`;
  writeFileSync(
    path,
    `import base from '${fixture}';\nexport default { ...base, auth: ${auth} };\n`,
  );
  return path;
}

/** `millrace` in a folder where there is nothing, with an API address. */
const away = (...args: string[]): Program =>
  start(args, folder, { MILLRACE_API: address, MILLRACE_TOKEN: token });

beforeAll(async () => {
  const port = String(await freePort());
  address = `http://127.0.0.1:${port}`;
  const data = join(folder, 'data');
  host = start(['--config', configWithAuth(), '--data', data, 'up', '--api', port]);
  await untilSaid(host, /Hosting .* as process \d+/);
}, slow);

afterAll(async () => {
  host.kill('SIGTERM');
  await host;
});

function gate(name: string) {
  const dir = join(folder, name);
  mkdirSync(dir);
  return { dir, open: () => writeFileSync(join(dir, 'go'), '') };
}

test(
  'a request is started, looked at, suspended, resumed, followed and stopped',
  async () => {
    const { dir, open } = gate('gate');
    const started = await away('start', 'gate', `dir=${dir}`);
    expect([started.exitCode, started.stderr]).toEqual([0, '']);
    const id = idIn(started.stdout);
    await untilGatesWait(dir);
    const status = await away('status', id);
    expect(status.stdout).toMatch(/^type +gate\nstate +RUNNING, for .*\nprogress +20 %$/m);
    expect(status.stdout).toMatch(new RegExp(`^user +ann\n[^]*^host +the API at ${address}$`, 'm'));
    const ps = await away('ps');
    expect(ps.stdout).toMatch(new RegExp(`^gate +${id.slice(-8)} +20 % +ann +a +1 `, 'm'));
    expect((await away('running', id)).exitCode).toBe(0);
    const suspended = await away('suspend', 'last', '-f');
    expect([suspended.exitCode, suspended.stdout]).toEqual([
      4,
      expect.stringMatching(/^SUSPENDED in .*: 1 complete, 3 stopped, 1 pending/),
    ]);
    const resumed = away('resume', id.slice(-8), '-f', '-v');
    await untilSaid(resumed, /^RUNNING: 1 of 5 jobs/m);
    open();
    const { exitCode, stdout, stderr } = await resumed;
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^COMPLETE in .*: 5 jobs/)]);
    expect(stderr).toContain('complete: last');
    expect((await away('running', id)).exitCode).toBe(1);
    const found = await away('find', 'type=gate', 'user=ann', `arg.dir=${dir}`, '--json');
    expect(JSON.parse(found.stdout)).toMatchObject([{ id, state: 'COMPLETE', total: 5 }]);
    const drawn = await away('graph', id);
    expect(drawn.stdout).toMatch(/^flowchart TD\n[^]*last[^]* --> [^]*classDef COMPLETE/);
    expect((await away('info', id)).stdout).toMatch(/^jobs +5 of 5 complete\nargs +dir=/m);
    const stopped = await away('stop', id);
    expect([stopped.exitCode, stopped.stdout]).toEqual([0, `complete ${id}`]);
  },
  slow,
);

test(
  'a request that fails is run on from there',
  async () => {
    const { dir } = gate('mends');
    const ran = await away('run', 'mends', `dir=${dir}`);
    expect([ran.exitCode, ran.stdout]).toEqual([1, expect.stringContaining('there is no good')]);
    const id = idIn(ran.stdout);
    expect(ran.stderr).toContain(`millrace retry ${id}`);
    const log = await away('log', id);
    expect(log.stdout).toMatch(/^second {2}writing {2}try 1 {2}FAIL .*\n {2}error {3}.*no good/m);
    writeFileSync(join(dir, 'good'), '');
    const retried = await away('retry', id, '--set', 'word=bye', '-f');
    expect([retried.exitCode, retried.stderr]).toEqual([
      0,
      expect.stringContaining(`It retries ${id}: 1 of 2 jobs kept.\nKept as they ran`),
    ]);
    expect((await away('status', idIn(retried.stdout))).stdout).toContain(`retries  ${id}, 1 job`);
  },
  slow,
);

test(
  'what may be started is told, and completed',
  async () => {
    const help = await away('help', 'mends');
    expect(help.stdout).toBe('mends request args (* required)\n* dir\n  word  (default: hello)');
    const words = await away('__complete', '--', 'start', 'me');
    expect(words.stdout.trim()).toBe('mends');
  },
  slow,
);

describe('what is wrong is said', () => {
  const other = (more: Record<string, string>, ...args: string[]): Program =>
    start(args, folder, { MILLRACE_API: address, ...more });

  test('no token, or one that is not taken', async () => {
    const none = await other({}, 'status');
    expect([none.exitCode, none.stderr]).toEqual([
      5,
      expect.stringMatching(/not authenticated; .*; set MILLRACE_TOKEN$/),
    ]);
    const wrong = await other({ MILLRACE_TOKEN: 'another-token-of-16' }, 'ps');
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      5,
      expect.stringContaining('MILLRACE_TOKEN is not taken'),
    ]);
    expect(wrong.stderr).not.toContain('another-token');
  });

  test('nobody there, or somebody else', async () => {
    const nobody = await start(['--api', `127.0.0.1:${await freePort()}`, 'find'], folder);
    expect([nobody.exitCode, nobody.stderr]).toEqual([
      5,
      expect.stringMatching(/does not answer \(.*ECONNREFUSED.*\); is it the address of/),
    ]);
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const flags = ['--api', `http://127.0.0.1:${port}`, '--timeout', '200'];
    const slowly = await start([...flags, 'status'], folder);
    expect(slowly.stderr).toContain('does not answer (no answer within 0.2 s)');
    silent.closeAllConnections();
    silent.close();
    const misread = await start(['--api', 'ftp://x', 'status'], folder);
    expect([misread.exitCode, misread.stderr]).toEqual([
      2,
      expect.stringContaining('"ftp://x" is no address of an API'),
    ]);
  });

  test.each([
    [['start', 'gaet'], 'no chain has the type "gaet" (did you mean "gate"?)'],
    [['start', 'gate'], 'dir is missing'],
    [['status', 'nope'], 'request "nope" does not exist'],
    [['retry', 'nope-nope'], 'request "nope-nope" does not exist'],
    [['find', 'label.team=a'], 'a find by labels cannot be had over an API'],
    [['events'], 'cannot be had over an API; ask where its data is'],
    [['rejected', 'list'], 'what was rejected is looked at beside the broker; leave out --api'],
  ])('%j is refused with 2', async (args, message) => {
    const { exitCode, stdout, stderr } = await away(...args);
    expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
  });
});
