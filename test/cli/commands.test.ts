/** Every command as a user runs it: exit codes, what is said, what --json holds. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { beforeAll, describe, expect, test } from 'vitest';
import { tempFolder } from '../kit/tempFolder.ts';
import { fixture, idIn, on, start } from './kit.ts';

const folder = tempFolder();
const data = join(folder, 'data');
const millrace = on(data);
let complete = '';
let failed = '';

beforeAll(async () => {
  complete = idIn((await millrace('run', 'quick', 'n=5')).stdout);
  failed = idIn((await millrace('run', 'failing')).stdout);
}, 60_000);

describe('run', () => {
  test('of a chain that completes exits with 0 and sums up', async () => {
    const { exitCode, stdout, stderr } = await millrace('run', 'quick', '--verbose');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^COMPLETE in [\d.]+ s: 3 jobs complete\nrequest [0-9a-z]{26}$/);
    expect(stderr).toContain('complete: quick-job-2');
  });

  test('of a chain that fails exits with 1 and shows the error without its stack', async () => {
    const { exitCode, stdout } = await millrace('run', 'failing');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('FAIL in');
    expect(stdout).toMatch(/failed {3}the-bad-one\n.*\n? +the disk said no\nrequest/);
  });

  test('--json prints one document on stdout, and nothing else', async () => {
    const { stdout } = await millrace('run', 'quick', 'n=2', 'label=7', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'quick',
      state: 'COMPLETE',
      args: { n: 2, label: '7' },
      counts: { complete: 2, failed: 0 },
      total: 2,
      durationMs: expect.any(Number),
    });
  });

  test.each([
    [['run', 'quik'], 'error: no chain has the type "quik" (did you mean "quick"?); there are'],
    [['run', 'quick', 'n=many'], 'error: args of "quick" do not fit: n: '],
    [['run', 'quick', 'm=1'], 'error: "quick" takes no "m" (did you mean "n"?)'],
    [['run', 'quick', '3'], 'error: "3" is not of the form key=value'],
    [['run'], "error: missing required argument 'type'"],
    [['rnu', 'quick'], "error: unknown command 'rnu'\n(Did you mean run?)"],
    [['run', 'quick', '--jsno'], "error: unknown option '--jsno'"],
    [['status', '--limit', 'x'], 'It must be a whole number.'],
    [['status', 'nope'], 'error: request "nope" does not exist'],
    [['events', 'nope'], 'error: request "nope" does not exist'],
    [['resume', 'nope'], 'error: request "nope" does not exist'],
    [['unpark', 'nope'], 'error: request "nope" does not exist'],
    [['replay', 'nope', '--verify'], 'error: request "nope" does not exist'],
    [['replay'], 'error: replay needs --verify'],
  ])('%j is refused with 2 and a sentence', async (args, message) => {
    const { exitCode, stdout, stderr } = await millrace(...args);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^ +at /m);
    expect([exitCode, stdout]).toEqual([2, '']);
  });
});

test('--version says which', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  for (const asked of ['--version', 'version']) {
    const { exitCode, stdout } = await start([asked]);
    expect([exitCode, stdout.trim()]).toEqual([0, version]);
  }
});

test.each([
  ...[['up'], ['start'], ['stop'], ['suspend']],
  ...[[], ['run'], ['resume'], ['status'], ['info'], ['ps'], ['find'], ['log'], ['show']],
  ...[['events'], ['graph'], ['replay'], ['tracker'], ['tracker', 'rebuild'], ['unpark']],
])('%s --help has examples', async (...words) => {
  const { exitCode, stdout } = await start([...words, '--help']);
  expect(stdout).toMatch(/Examples:\n {2}millrace /);
  expect(exitCode).toBe(0);
});

describe('reading', () => {
  test('status shows a request; a failed one with its reason', async () => {
    const { exitCode, stdout } = await millrace('status', failed);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      `request  ${failed}\ntype     failing\nstate    FAIL\nprogress 0 %\njobs     1 failed of 1 job`,
    );
    expect(stdout).toContain('the disk said no');
  });

  test('status needs no configuration when the data folder is named, and lists the newest first', async () => {
    const { stdout } = await start(['--data', data, 'status', '--json'], folder);
    const listed = JSON.parse(stdout) as { id: string; state: string }[];
    expect(listed.map(({ id }) => id).slice(-2)).toEqual([failed, complete]);
    expect(listed.at(-1)).toMatchObject({ type: 'quick', state: 'COMPLETE' });
    const table = await start(['--data', data, 'status', '--limit', '1'], folder);
    expect(table.stdout.split('\n')).toHaveLength(2);
  });

  test('events prints a line an entry; as JSON with or without bodies', async () => {
    const { stdout } = await millrace('events', complete);
    expect(stdout.split('\n')[0]).toMatch(
      /^ +1 {2}[\d:.]{12} {2}chain\.create +.*chain .* → RUNNING/,
    );
    const lines = (await millrace('events', complete, '--json')).stdout.split('\n');
    const first = JSON.parse(lines[0] ?? '') as object;
    expect(first).toMatchObject({ seq: 1, type: 'chain.create', transitions: expect.any(Array) });
    expect(first).not.toHaveProperty('body');
    const after = await millrace('events', complete, '--json', '--bodies', '--after', '1');
    expect(JSON.parse(after.stdout.split('\n')[0] ?? '')).toMatchObject({ seq: 2, body: {} });
  });

  test('resume of an ended request says so, with the exit code of its state', async () => {
    const ended = await millrace('resume', failed);
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain(`Request ${failed} has ended; there is nothing to resume.`);
    expect((await millrace('resume', complete)).exitCode).toBe(0);
  });

  test('unpark of a request that is not parked is refused', async () => {
    const { exitCode, stderr } = await millrace('unpark', complete);
    expect([exitCode, stderr]).toEqual([2, `error: request "${complete}" is not parked`]);
  });
});

describe('replay --verify', () => {
  test('steps everything again, and finds what was changed', async () => {
    const own = on(join(folder, 'changed'));
    const id = idIn((await own('run', 'quick', 'n=5')).stdout);
    const same = await own('replay', '--verify');
    expect([same.exitCode, same.stdout]).toEqual([0, expect.stringContaining('no difference')]);
    change(join(folder, 'changed/store.db'), `UPDATE journal SET transitions = NULL WHERE seq = 3`);
    const changed = await own('replay', id, '--verify', '--json');
    expect(changed.exitCode).toBe(1);
    expect(JSON.parse(changed.stdout)).toEqual([
      { id, entries: expect.any(Number), difference: expect.any(String) },
    ]);
  });
});

describe('what cannot run exits with 5', () => {
  test('no store there yet', async () => {
    const { exitCode, stderr } = await start(['--data', join(folder, 'none'), 'status']);
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/^error: There is no millrace store at .*none/);
  });

  test.each([
    ['syntax.ts', 'export default {{', /^error: .*syntax\.ts does not load: /],
    [
      'throws.ts',
      "throw new Error('no licence')",
      /^error: .*throws\.ts does not load: no licence/,
    ],
    [
      'shape.ts',
      'export default { jobs: [1], chian: [] }',
      /^error: .*shape\.ts: jobs\.0: must be made with defineJob/,
    ],
  ])('a configuration that does not load: %s', async (name, text, message) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    const { exitCode, stdout, stderr } = await start(['--config', file, 'run', 'quick'], folder);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
    expect([exitCode, stdout]).toEqual([5, '']);
  });

  test('a configuration that is not there; --debug shows where it came from', async () => {
    const { exitCode, stderr } = await start(['--debug', '--config', 'nope.ts', 'run', 'quick']);
    expect(stderr).toMatch(
      /^error: there is no nope\.ts; name the configuration with --config FILE\n.*\n +at /,
    );
    expect(exitCode).toBe(5);
  });

  test('a store that is not ours, and one of a newer version', async () => {
    const strange = join(folder, 'strange');
    await on(strange)('run', 'quick');
    change(join(strange, 'store.db'), 'PRAGMA user_version = 99');
    const newer = await on(strange)('run', 'quick');
    expect([newer.exitCode, newer.stderr]).toEqual([
      5,
      expect.stringContaining('was written by a newer millrace'),
    ]);
    change(join(strange, 'store.db'), 'PRAGMA application_id = 1');
    const other = await on(strange)('status');
    expect([other.exitCode, other.stderr]).toEqual([
      5,
      expect.stringContaining('is not a millrace store'),
    ]);
  });
});

test('colours, and what redraws, are for terminals', async () => {
  const { all } = await millrace('run', 'quick');
  expect(all).not.toContain('\u001B');
  expect(readFileSync(fixture, 'utf8')).toContain("from 'millrace'");
});

function change(path: string, sql: string): void {
  const database = new Database(path);
  database.exec(sql);
  database.close();
}
