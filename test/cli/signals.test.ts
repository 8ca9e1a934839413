/** Ctrl-C, a second one, SIGTERM and SIGKILL while a request runs: each time it can be gone on with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { expect, test } from 'vitest';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import { z } from 'zod';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { fixture, on, untilGate, untilSaid } from './kit.ts';

const folder = tempFolder();

/** A data folder and a gate of its own. */
function place(name: string) {
  const dir = join(folder, name);
  mkdirSync(dir);
  const data = join(dir, 'data');
  return { dir, data, millrace: on(data), open: () => writeFileSync(join(dir, 'go'), '') };
}

test('the first Ctrl-C suspends and says how to resume; resume completes', async () => {
  const { dir, data, millrace, open } = place('suspend');
  const run = millrace('run', 'gate', `dir=${dir}`);
  const id = await untilGate(run, dir);
  run.kill('SIGINT');
  const { exitCode, stdout, stderr } = await run;
  expect(exitCode).toBe(4);
  expect(stdout).toMatch(/^SUSPENDED in .*: 1 complete, 3 stopped, 1 pending of 5 jobs/);
  expect(stderr).toContain(
    `Go on with it: millrace --config ${fixture} --data ${data} resume ${id}`,
  );

  expect((await millrace('status', id)).stderr).toContain(`resume ${id}`);
  open();
  const resumed = await millrace('resume', id);
  expect([resumed.exitCode, resumed.stdout]).toEqual([
    0,
    expect.stringContaining('5 jobs complete'),
  ]);
  expect((await millrace('replay', '--verify')).exitCode).toBe(0);
});

test('the second Ctrl-C leaves at once, and resume waits for the rest and goes on', async () => {
  const { dir, millrace, open } = place('twice');
  const run = millrace('run', 'gate', `dir=${dir}`, 'stubborn=true');
  const id = await untilGate(run, dir);
  const suspending = untilSaid(run, /Ctrl-C again leaves at once/);
  run.kill('SIGINT');
  await suspending;
  run.kill('SIGINT');
  const { exitCode, stderr } = await run;
  expect(exitCode).toBe(4);
  expect(stderr).toMatch(new RegExp(`Left at once; what is committed is kept\\. .* resume ${id}$`));
  open();
  expect((await millrace('resume', id)).exitCode).toBe(0);
});

test('SIGTERM ends the process and leaves the request as it is', async () => {
  const { dir, millrace, open } = place('term');
  const run = millrace('run', 'gate', `dir=${dir}`);
  const id = await untilGate(run, dir);
  run.kill('SIGTERM');
  const { exitCode, stdout, stderr } = await run;
  expect([exitCode, stdout]).toEqual([5, '']);
  expect(stderr).toMatch(new RegExp(`The request is RUNNING\\. Go on with it: .* resume ${id}$`));
  open();
  expect((await millrace('resume', id)).exitCode).toBe(0);
});

test('after SIGKILL the request is seen, and resume goes on', async () => {
  const { dir, millrace, open } = place('kill');
  const run = millrace('run', 'gate', `dir=${dir}`);
  const id = await untilGate(run, dir);

  const beside = await millrace('status', id, '--json');
  expect(JSON.parse(beside.stdout)).toMatchObject({ id, state: 'RUNNING', counts: { running: 3 } });
  expect(JSON.parse(beside.stdout)).toMatchObject({ host: run.pid });
  expect(beside.stderr).toBe('');
  expect((await millrace('status', id)).stdout).toContain(`host     process ${run.pid}`);

  run.kill('SIGKILL');
  await run;
  const left = await millrace('status', id);
  expect(left.stdout).toContain('state    RUNNING');
  expect(left.stderr).toMatch(new RegExp(`No process hosts it\\. Go on with it: .* resume ${id}$`));
  open();
  const other = await millrace('run', 'quick');
  expect(other.stderr).toContain(`Going on also with 1 request left behind here: ${id}`);
  expect((await millrace('resume', id)).exitCode).toBe(0);
  expect((await millrace('replay', '--verify')).exitCode).toBe(0);
});

test('a parked request says so; unpark steps what was kept, and resume goes on', async () => {
  const { dir, data, millrace, open } = place('parked');
  const run = millrace('run', 'gate', `dir=${dir}`);
  const id = await untilGate(run, dir);
  await eventually(async () => expect((await millrace('status')).stdout).toContain(id));
  run.kill('SIGKILL');
  await run;
  const store = new Database(join(data, 'store.db'));
  const newest = `grp = '${id}' AND seq = (SELECT max(seq) FROM journal WHERE grp = '${id}')`;
  store.exec(`UPDATE journal SET parked = 'a test parked it', transitions = NULL WHERE ${newest}`);
  store.close();

  const parked = await millrace('status', id);
  expect(parked.stdout).toContain('state    RUNNING, parked');
  expect(parked.stderr.split('\n')).toEqual([
    expect.stringMatching(/^It is parked \(since .*, 1 message kept\): a test parked it$/),
    expect.stringMatching(new RegExp(`^Mend the cause, then: millrace .* unpark ${id}$`)),
    expect.stringMatching(/^Or set the message that throws aside: millrace .* --skip$/),
  ]);
  expect((await millrace('show', 'last')).stderr).toBe('It is parked: a test parked it');

  const refused = await millrace('resume', id);
  expect(refused.exitCode).toBe(5);
  expect(refused.stderr).toMatch(new RegExp(`It is parked: a test parked it\\n.* unpark ${id}$`));
  open();
  const unparked = await millrace('unpark', id, '--json');
  expect(JSON.parse(unparked.stdout)).toMatchObject({ id, stepped: 1, skipped: 0 });
  expect(unparked.stderr).toContain(`resume ${id}`);
  expect((await millrace('resume', id)).exitCode).toBe(0);
});

test('a stopped request exits with 3', async () => {
  const { data, millrace } = place('stopped');
  const endless = defineJob({
    type: 'endless',
    args: z.object({}),
    run: ({ signal }) =>
      new Promise<void>((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('aborted'))),
      ),
  });
  const chain = defineChain({
    type: 'endless',
    args: z.object({}),
    plan: ({ job }) => void job(endless, {}),
  });
  const host = createMillrace({ jobs: [endless], chains: [chain], data });
  await host.start();
  const request = await host.client.start(chain, {});
  await request.stop();
  expect((await request.finished()).state).toBe('STOPPED');
  await host.stop();
  expect((await millrace('resume', request.id)).exitCode).toBe(3);
});
