/** `millrace events`: of one request and of all, by type and time, and as they come. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { toConfig } from '../../src/config.ts';
import { openReader } from '../../src/openReader.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { idIn, on, start, untilGate, untilSaid } from './kit.ts';

const folder = tempFolder();
const data = join(folder, 'data');
const millrace = on(data);
let quick = '';
let failing = '';

type Line = { requestId: string; seq: number; at: number; type: string };

const lines = (stdout: string): Line[] =>
  stdout.split('\n').map((line) => JSON.parse(line) as Line);

beforeAll(async () => {
  quick = idIn((await millrace('run', 'quick', 'n=3')).stdout);
  failing = idIn((await millrace('run', 'failing')).stdout);
}, 60_000);

describe('events of all requests', () => {
  test('come in the order of their times, whatever partition they lie in', async () => {
    const { exitCode, stdout } = await millrace('events', '--json');
    const all = lines(stdout);
    expect(exitCode).toBe(0);
    expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).sort((a, b) => a - b));
    for (const id of [quick, failing]) {
      const own = all.filter(({ requestId }) => requestId === id).map(({ seq }) => seq);
      expect(own).toEqual(own.map((_, index) => index + 1));
    }
  });

  test('name the request by the end of its id, which other commands take', async () => {
    const { stdout } = await millrace('events', '--type', 'chain.create');
    expect(stdout).toMatch(new RegExp(`^ +1 {2}[\\d:.]{12} {2}${quick.slice(-8)} {2}chain.create`));
    expect(idIn((await millrace('status', quick.slice(-8))).stdout)).toBe(quick);
  });

  test('can be had from a time on', async () => {
    const reader = await openReader(toConfig({ data }));
    const begun = (await reader.status(failing)).createdAt;
    await reader.close();
    const { stdout } = await millrace('events', '--json', '--since', new Date(begun).toISOString());
    expect(new Set(lines(stdout).map(({ requestId }) => requestId))).toEqual(new Set([failing]));
  });
});

test('a kind of type stands for all of that kind', async () => {
  const { stdout } = await millrace('events', failing, '--type', 'attempt', '--json');
  expect(lines(stdout).map(({ type }) => type)).toEqual(['attempt.failed']);
});

test('none of the type asked for is said on stderr, with those there are', async () => {
  const { exitCode, stdout, stderr } = await millrace('events', failing, '--type', 'attempt.faild');
  expect([exitCode, stdout]).toEqual([0, '']);
  expect(stderr).toBe('No event of type attempt.faild; there are attempt.failed, chain.create.');
});

test.each([
  [['events', '--since', 'lately'], 'error: --since "lately" is no time; give 90s, 10m'],
  [['events', '--after', '3'], 'error: --after is an entry of one request: name it'],
  [['events', 'nope'], 'error: request "nope" does not exist in this store'],
])('%j is refused with 2 and a sentence', async (args, message) => {
  const { exitCode, stdout, stderr } = await millrace(...args);
  expect(stderr).toContain(message);
  expect([exitCode, stdout]).toEqual([2, '']);
});

test('--follow prints beside a host what comes, and ends with the request', async () => {
  const dir = join(folder, 'gate');
  mkdirSync(dir);
  const own = on(join(dir, 'data'));
  const run = own('run', 'gate', `dir=${dir}`);
  const id = await untilGate(run, dir);
  const one = own('events', id, '--follow', '--json');
  const all = own('events', '--follow');
  await Promise.all([untilSaid(one, /"chain.create"/), untilSaid(all, /chain\.create/)]);
  const ended = untilSaid(all, /chain RUNNING → COMPLETE/);
  writeFileSync(join(dir, 'go'), '');
  const followed = await one;
  expect([followed.exitCode, followed.stderr]).toEqual([0, '']);
  expect(followed.stdout).toContain('{"actor":"chain","from":"RUNNING","to":"COMPLETE"}');
  await ended;
  all.kill();
  await Promise.all([all, run]);
});

test('following where nobody hosts says so', async () => {
  const { stderr } = await millrace('events', quick, '--follow');
  expect(stderr).toBe('');
  const all = millrace('events', '--follow');
  await untilSaid(all, /No process hosts it now; this waits for one\./);
  all.kill();
  await all;
});

test('a reader that goes away ends it without a word', async () => {
  const program = start(['--data', data, 'events', '--json']);
  const head = await program.pipe('head', ['-n', '1']);
  const { exitCode, stderr } = await program;
  expect([head.stdout.split('\n').length, stderr, exitCode]).toEqual([1, '', 0]);
});
