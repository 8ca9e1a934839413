/** `millrace retry ID` as a user runs it: here, in a process that hosts, and what is refused. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../kit/tempFolder.ts';
import { idIn, on, untilGate, untilSaid } from './kit.ts';

const folder = tempFolder();
const slow = 120_000;

/** A data folder, a request in it that has failed, and what its jobs have done since. */
async function failed(name: string) {
  const dir = join(folder, name);
  mkdirSync(dir);
  const millrace = on(join(dir, 'data'));
  const { exitCode, stdout, stderr } = await millrace('run', 'mends', `dir=${dir}`);
  const id = idIn(stdout);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`retry ${id}`)]);
  writeFileSync(join(dir, 'good'), '');
  const ran = join(dir, 'ran');
  rmSync(ran);
  return { id, millrace, ran: () => (existsSync(ran) ? readFileSync(ran, 'utf8') : '') };
}

test(
  'without a host it runs on here, with what was complete kept',
  async () => {
    const { id, millrace, ran } = await failed('here');
    const retried = await millrace('retry', id);
    expect(retried.exitCode).toBe(0);
    expect(retried.stderr).toContain(`It retries ${id}: 1 of 2 jobs kept.`);
    expect(retried.stdout).toMatch(/^COMPLETE in .*: 2 jobs complete\nrequest/);
    expect(ran()).toBe('second hello\n');
    const again = idIn(retried.stdout);
    expect((await millrace('status', again)).stdout).toContain(`retries  ${id}, 1 job kept`);
    expect((await millrace('info', again)).stdout).toMatch(new RegExp(`^retries +${id}$`, 'm'));
    const known = JSON.parse((await millrace('info', again, '--json')).stdout) as object;
    expect(known).toMatchObject({ retryOf: id, state: 'COMPLETE' });
    expect((await millrace('status', id)).stdout).toMatch(/^state +FAIL$/m);
    expect((await millrace('replay', '--verify')).exitCode).toBe(0);
  },
  slow,
);

test(
  'args are changed for what runs, and what was kept with the old ones is named',
  async () => {
    const { id, millrace, ran } = await failed('set');
    const kept = await millrace('retry', id, '--set', 'word=bye');
    expect(ran()).toBe('second bye\n');
    expect(kept.stderr).toContain(
      'Kept as they ran, with the args of then: first. To run them again: --from first',
    );
    const from = await millrace('retry', id, '--from', 'first', '--set', 'word=now', '--json');
    expect(ran()).toBe('second bye\nfirst now\nsecond now\n');
    expect(JSON.parse(from.stdout)).toMatchObject({
      state: 'COMPLETE',
      args: { word: 'now' },
      retryOf: { request: id, from: 'first', carried: 0 },
    });
  },
  slow,
);

test(
  'in a process that hosts, it is started there',
  async () => {
    const { id, millrace, ran } = await failed('there');
    const host = millrace('up');
    await untilSaid(host, /Hosting .* as process \d+/);
    const started = await millrace('retry', id);
    expect([started.exitCode, started.stderr]).toEqual([0, `It retries ${id}: 1 of 2 jobs kept.`]);
    expect(started.stdout).toMatch(/^started [0-9a-z]{26}$/);
    const followed = await millrace('retry', id, '--set', 'word=bye', '-f');
    expect([followed.exitCode, followed.stdout]).toEqual([0, expect.stringMatching(/^COMPLETE/)]);
    expect(ran().split('\n').sort()).toEqual(['', 'second bye', 'second hello']);
    const asJson = await millrace('retry', id, '--from', 'first', '--json');
    expect(JSON.parse(asJson.stdout)).toMatchObject({ retryOf: { request: id, carried: 0 } });
    host.kill('SIGTERM');
    await host;
  },
  slow,
);

test(
  'what cannot be retried is refused with 2 and a sentence',
  async () => {
    const { id, millrace, ran } = await failed('refused');
    const complete = idIn((await millrace('retry', id)).stdout);
    const refusals: [string[], string][] = [
      [['retry', 'nope'], 'error: request "nope" does not exist'],
      [
        ['retry', complete],
        `error: request "${complete}" is COMPLETE and no job of it is left to run`,
      ],
      [['retry', id, '--from', 'secnd'], 'no job "secnd" (did you mean "second"?)'],
      [['retry', id, '--set', 'wrd=x'], 'error: "mends" takes no "wrd" (did you mean "word"?)'],
      [['retry', id, '--set', 'word'], 'error: "word" is not of the form key=value'],
    ];
    for (const [args, message] of refusals) {
      const { exitCode, stderr, stdout } = await millrace(...args);
      expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
    }
    expect(ran()).toBe('second hello\n');
  },
  slow,
);

test(
  'that is killed goes on, and still does not run what was kept',
  async () => {
    const dir = join(folder, 'killed');
    mkdirSync(dir);
    const millrace = on(join(dir, 'data'));
    const host = millrace('up');
    await untilSaid(host, /Hosting .* as process \d+/);
    const started = millrace('start', 'gate', `dir=${dir}`, '-f');
    const id = await untilGate(started, dir);
    await millrace('stop', id, '-f');
    expect((await started).exitCode).toBe(3);
    host.kill('SIGTERM');
    await host;
    for (const name of ['a', 'b', 'c']) rmSync(join(dir, `started-${name}`));
    const retry = millrace('retry', id);
    const again = await untilGate(retry, dir);
    retry.kill('SIGKILL');
    await retry;
    writeFileSync(join(dir, 'go'), '');
    const resumed = await millrace('resume', again);
    expect([resumed.exitCode, resumed.stdout]).toEqual([
      0,
      expect.stringMatching(/^COMPLETE in .*: 5 jobs complete/),
    ]);
    const log = await millrace('log', again, '--json');
    const names = log.stdout.split('\n').map((line) => (JSON.parse(line) as { name: string }).name);
    expect(new Set(names)).toEqual(new Set(['a', 'b', 'c', 'last']));
    expect((await millrace('replay', '--verify')).exitCode).toBe(0);
  },
  slow,
);
