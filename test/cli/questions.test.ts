/** What runs, what ran, what a request is and was: each command as people and as programs read it, and each bad input. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { idIn, on, untilGate, untilSaid } from './kit.ts';

const folder = tempFolder();
const data = join(folder, 'data');
const millrace = on(data);
let quick = '';
let failing = '';

beforeAll(async () => {
  quick = idIn((await millrace('run', 'quick', 'n=3', 'label=blue')).stdout);
  failing = idIn((await millrace('run', 'failing')).stdout);
}, 60_000);

/** What `--json` prints. */
async function json(...args: string[]): Promise<unknown> {
  const { exitCode, stdout } = await millrace(...args, '--json');
  expect(exitCode).toBe(0);
  return JSON.parse(stdout) as unknown;
}

describe('find', () => {
  test('lists requests, the newest first', async () => {
    const { exitCode, stdout } = await millrace('find');
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^REQUEST +TYPE +STATE +JOBS +CREATED +TOOK$/),
      expect.stringMatching(
        new RegExp(`^${failing} +failing +FAIL +0/1 .*(?:ago|now) +[\\d.]+ s$`),
      ),
      expect.stringMatching(
        new RegExp(`^${quick} +quick +COMPLETE +3/3 .*(?:ago|now) +[\\d.]+ s$`),
      ),
    ]);
  });

  test.each([
    [['type=quick'], ['quick']],
    [['state=fail,Stopped'], ['failing']],
    [['state=failed'], ['failing']],
    [['arg.label=blue', 'arg.n=3'], ['quick']],
    [['arg.label=red'], []],
    [['since=1h', 'limit=1'], ['failing']],
    [['offset=1'], ['quick']],
    [['until=2000-01-01'], []],
    [['user=nobody'], []],
    [['states=fail'], ['failing']],
    [['args=label=blue,n=3'], ['quick']],
    [['args=label=blue', 'arg.n=4'], []],
    [['until=2000-01-01', 'timezone=local'], []],
    [['label.team=a'], []],
  ])('%j finds %j', async (conditions, types) => {
    expect(await json('find', ...conditions)).toMatchObject(types.map((type) => ({ type })));
  });

  test('--long has the times in full, of the zone that is asked for', async () => {
    const row = (zone: string) => `${failing} +failing +FAIL +0/1( +\\S+ \\S+${zone}){3}`;
    const { stdout } = await millrace('find', '--long', 'type=failing');
    expect(stdout).toMatch(new RegExp(`FINISHED *\n${row('Z')}$`));
    const local = await millrace('find', '--long', 'type=failing', 'timezone=local');
    expect(local.stdout).toMatch(new RegExp(`\n${row('[+-]\\d\\d:\\d\\d')}$`));
  });

  test('says how to see more, and that nothing fits', async () => {
    const first = await millrace('find', 'limit=1');
    expect(first.stderr).toBe('There are more: offset=1 goes on, limit=0 lists all.');
    const none = await millrace('find', 'user=nobody');
    expect([none.exitCode, none.stdout, none.stderr]).toEqual([0, '', 'No request fits.']);
  });

  test.each([
    ['stat=fail', 'find takes no "stat" (did you mean "state"?); it takes type, state, user,'],
    ['constructor=1', 'find takes no "constructor"'],
    ['state=compleet', '"compleet" is no state (did you mean "COMPLETE"?); there are PENDING,'],
    ['since=lately', 'since "lately" is no time; give 90s,'],
    ['timezone=CET', 'timezone "CET" is neither utc nor local'],
    ['args=blue', '"blue" is not of the form key=value'],
    ['limit=-1', 'limit must be a whole number, not "-1"'],
    ['offset=x', 'offset must be a whole number, not "x"'],
    ['quick', '"quick" is not of the form key=value'],
  ])('%s is refused with 2 and what there is', async (condition, message) => {
    const { exitCode, stdout, stderr } = await millrace('find', condition);
    expect(stderr).toContain(`error: ${message}`);
    expect([exitCode, stdout]).toEqual([2, '']);
  });

  test('a key that comes twice is refused', async () => {
    const { exitCode, stderr } = await millrace('find', 'type=a', 'type=b');
    expect([exitCode, stderr]).toEqual([2, 'error: "type" is given twice; name it once']);
  });
});

describe('info', () => {
  test('tells everything about a request', async () => {
    const { stdout } = await millrace('info', quick);
    expect(stdout).toMatch(
      /^request +[0-9a-z]{26}\ntype +quick\nstate +COMPLETE\nprogress +100 %\n/,
    );
    expect(stdout).toMatch(/\njobs +3 of 3 complete\nargs +n=3\n +label=blue\ncreated +[\d-]+ /);
    expect(stdout).toMatch(/\nfinished +.*ago, took [\d.]+ s\nevents +\d+$/);
  });

  test('as JSON, with absolute times', async () => {
    expect(await json('info', failing.slice(-8))).toMatchObject({
      id: failing,
      type: 'failing',
      state: 'FAIL',
      counts: { failed: 1 },
      createdAt: expect.any(Number),
      finishedAt: expect.any(Number),
    });
  });
});

test('running says by its exit code whether a request has not ended', async () => {
  const ended = await millrace('running', quick);
  expect([ended.exitCode, ended.all]).toEqual([1, '']);
  const nobody = await millrace('running', 'nobody');
  expect([nobody.exitCode, nobody.stderr]).toEqual([2, expect.stringContaining('"nobody"')]);
});

describe('log', () => {
  test('prints a record an attempt, with its error', async () => {
    const { exitCode, stdout } = await millrace('log', failing);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^the-bad-one {2}throwing {2}try 1 {2}FAIL {2}.*Z {2}took [\d.]+ s\n {2}error {3}first line\n {10}the disk said no\n(?! +at .*src\/worker)/,
    );
  });

  test('of one job, as JSON lines', async () => {
    const { stdout } = await millrace('log', quick, 'quick-job-2', '--json');
    expect(stdout.split('\n').map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { name: 'quick-job-2', type: 'quick-job', attempt: 1, state: 'COMPLETE' },
    ]);
  });

  test('of a job that there is not is refused, with the one that was meant', async () => {
    const { exitCode, stderr } = await millrace('log', quick, 'quick-job-22');
    expect(stderr).toContain(`has no job "quick-job-22" (did you mean "quick-job-2"?)`);
    expect(exitCode).toBe(2);
  });
});

describe('show', () => {
  test('a request as it is', async () => {
    const { stdout } = await millrace('show', failing);
    expect(stdout).toMatch(/state +FAIL\nentry +2 of 2, .*\njobs +1 failed of 1 job\n\nJOB +STATE/);
    expect(stdout).toMatch(/\nthe-bad-one +FAIL +1 +throwing$/);
  });

  test('and as it was', async () => {
    expect(await json('show', quick, '--at', '1')).toMatchObject({
      id: quick,
      state: 'RUNNING',
      seq: 1,
      newestSeq: 4,
      jobs: ['quick-job-1', 'quick-job-2', 'quick-job-3'].map((name) => ({
        name,
        state: 'RUNNING',
        attempts: 1,
        after: [],
      })),
    });
  });

  test.each(['0', '99'])('there is no entry %s', async (seq) => {
    const { exitCode, stderr } = await millrace('show', quick, '--at', seq);
    expect(stderr).toContain(`has no entry ${seq}: its entries are 1 to 4`);
    expect(exitCode).toBe(2);
  });

  test('a large chain is summed up, level by level', async () => {
    const many = on(join(folder, 'many'));
    await many('run', 'quick', 'n=200');
    const { stdout } = await many('show', 'last');
    expect(stdout).toMatch(/\nLEVEL +TYPE +JOBS +COMPLETE\n +1 +quick-job +200 +200$/);
  });
});

describe('graph', () => {
  test('of a request has its states', async () => {
    expect((await millrace('graph', failing)).stdout).toMatch(
      /^flowchart TD\n {2}j0\["the-bad-one"\]:::FAIL\n {2}classDef FAIL /,
    );
  });

  test('of a chain type is planned with the args', async () => {
    const { stdout } = await millrace('graph', 'gate', 'dir=x');
    expect(stdout).toMatch(/j0\["quick-job-1"\]\n {2}j1\["a"\]\n/);
    expect(stdout.match(/-->/g)).toHaveLength(6);
    expect(await json('graph', 'gate', 'dir=x')).toMatchObject([
      { name: 'quick-job-1', after: [] },
      { name: 'a', after: ['quick-job-1'] },
      ...[{ name: 'b' }, { name: 'c' }, { name: 'last', after: ['a', 'b', 'c'] }],
    ]);
  });

  test('of a kind of actor is its machine', async () => {
    const { stdout } = await millrace('graph', 'job');
    expect(stdout).toMatch(/^stateDiagram-v2\n {2}\[\*\] --> s_pending\n/);
    expect(stdout).toContain('s_waiting --> s_running : after retryWait');
  });

  test.each([
    [['gate'], 'args of "gate" do not fit: dir is missing'],
    [['gaet', 'dir=x'], 'no chain has the type "gaet" (did you mean "gate"?)'],
    [['nope'], 'request "nope" does not exist in this store'],
    [['job', '--json'], '"job" is a kind of actor; it has no jobs to list'],
  ])('%j is refused', async (args, message) => {
    const { exitCode, stdout, stderr } = await millrace('graph', ...args);
    expect(stderr).toContain(`error: ${message}`);
    expect([exitCode, stdout]).toEqual([2, '']);
  });
});

describe('the tracker', () => {
  test('can be made anew', async () => {
    const { exitCode, stdout } = await millrace('tracker', 'rebuild');
    expect(stdout).toMatch(/^rebuilt in [\d.]+ s: 2 requests from \d+ entries$/);
    expect(exitCode).toBe(0);
    expect(await json('tracker', 'rebuild')).toMatchObject({ requests: 2 });
  });

  test('is made by the first who asks, when its file is gone', async () => {
    for (const end of ['', '-wal', '-shm'])
      rmSync(join(data, `readmodels.db${end}`), { force: true });
    expect(await json('find')).toHaveLength(2);
  });
});

test('ps says that nothing runs', async () => {
  const { exitCode, stdout, stderr } = await millrace('ps');
  expect([exitCode, stdout, stderr]).toEqual([0, '', 'No job is running.']);
  expect(await json('ps')).toEqual([]);
});

test('beside a host: ps lists jobs and what they say, log follows them to their end', async () => {
  const dir = join(folder, 'gate');
  mkdirSync(dir);
  const own = on(join(dir, 'data'));
  const run = own('run', 'gate', `dir=${dir}`);
  const id = await untilGate(run, dir);
  await eventually(async () => {
    const { stdout, stderr } = await own('ps');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^REQUEST +ID +DONE +JOB +TRY +RUNTIME +STATUS\n/);
    for (const name of ['a', 'b', 'c']) {
      expect(stdout).toMatch(
        new RegExp(`^gate +${id.slice(-8)} +20 % +${name} +1 +[\\d.]+ s +waiting for go$`, 'm'),
      );
    }
  }, 20_000);
  expect((await own('running', id)).exitCode).toBe(0);
  expect((await own('ps', 'last')).stdout).toMatch(/^JOB +TYPE/);
  expect((await own('info', id)).stdout).toMatch(new RegExp(`\\nhost +process ${run.pid}$`));
  const log = own('log', 'last', '--follow', '--json');
  await eventually(() => expect(log.pid).toBeGreaterThan(0));
  writeFileSync(join(dir, 'go'), '');
  const lines = (await log).stdout.split('\n').map((line) => JSON.parse(line) as { name: string });
  expect(lines.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c', 'last', 'quick-job-1']);
  await run;
});

test('log --follow prints what a program prints as it comes', async () => {
  const dir = join(folder, 'prints');
  mkdirSync(dir);
  const own = on(join(dir, 'data'));
  const run = own('run', 'prints', `dir=${dir}`);
  const id = idIn(await untilSaid(run, /^request [0-9a-z]{26}$/m));
  const log = own('log', id, '--follow');
  await untilSaid(log, /^program \| tick$/m);
  writeFileSync(join(dir, 'go'), '');
  const { stdout, exitCode } = await log;
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^program \| three$/m);
  // It began before it was followed, so the record has all of it.
  expect(stdout).toMatch(
    /^program {2}printing {2}try 1 {2}COMPLETE {2}.*\n {2}exit {4}0\n {2}stdout {2}one\n/m,
  );
  await run;
});
