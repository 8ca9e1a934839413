/** Two terminals as a user has them: one process hosts, others start, look, suspend, resume and stop. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import Database from 'libsql';
import { expect, test } from 'vitest';
import { toConfig } from '../../src/config.ts';
import { openReader } from '../../src/openReader.ts';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { idIn, on, root, start, untilGate, untilGatesWait, untilSaid } from './kit.ts';
import type { Program } from './kit.ts';

const folder = tempFolder();
const slow = 120_000;

/** A data folder and a gate of its own. */
function place(name: string) {
  const dir = join(folder, name);
  mkdirSync(dir);
  const data = join(dir, 'data');
  return { dir, data, millrace: on(data), open: () => writeFileSync(join(dir, 'go'), '') };
}

/** Waits until a host hosts. Not the program itself: who awaits that waits for its end. */
async function hosting(host: Program): Promise<void> {
  await untilSaid(host, /Hosting .* as process \d+/);
}

const json = (text: string): unknown => JSON.parse(text);

test(
  'what one terminal hosts, the other starts, suspends, resumes and stops',
  async () => {
    const { dir, millrace, open } = place('terminals');
    const host = millrace('up', '--verbose');
    await hosting(host);
    const started = await millrace('start', 'gate', `dir=${dir}`);
    expect([started.exitCode, started.stderr]).toEqual([0, '']);
    const id = idIn(started.stdout);
    await untilGatesWait(dir);
    expect(json((await millrace('status', id, '--json')).stdout)).toMatchObject({
      state: 'RUNNING',
      host: host.pid,
    });
    host.kill('SIGSTOP');
    const held = await millrace('status', id);
    expect(held.stdout).toMatch(new RegExp(`^host {5}process ${host.pid}$`, 'm'));
    host.kill('SIGCONT');
    const suspended = await millrace('suspend', id, '--follow');
    expect(suspended.exitCode).toBe(4);
    expect(suspended.stdout).toMatch(/^SUSPENDED in .*: 1 complete, 3 stopped, 1 pending/);
    const resumed = await millrace('resume', id, '--json');
    expect(json(resumed.stdout)).toEqual({ id, state: 'RUNNING', host: host.pid });
    const stopped = await millrace('stop', id, '-f');
    expect([stopped.exitCode, stopped.stdout]).toEqual([3, expect.stringMatching(/^STOPPED/)]);
    expect((await millrace('stop', id)).stdout).toBe(`stopped ${id}`);
    const late = await millrace('suspend', id);
    expect([late.exitCode, late.stderr]).toEqual([2, expect.stringContaining('error: ')]);
    open();
    const followed = await millrace('start', 'gate', `dir=${dir}`, '-f', '-v');
    expect([followed.exitCode, followed.stderr]).toEqual([
      0,
      expect.stringContaining('complete: last'),
    ]);
    host.kill('SIGTERM');
    const { exitCode, stderr } = await host;
    expect([exitCode, stderr]).toEqual([0, expect.stringMatching(/Drained\.$/)]);
    expect(stderr).toMatch(new RegExp(`^STOPPED +${id} {2}gate in`, 'm'));
  },
  slow,
);

test(
  'run beside a host hands the request over; its Ctrl-C suspends, that of start only leaves',
  async () => {
    const { dir, millrace, open } = place('beside');
    const host = millrace('up');
    await hosting(host);
    const run = millrace('run', 'gate', `dir=${dir}`);
    const id = await untilGate(run, dir);
    run.kill('SIGINT');
    const ended = await run;
    expect([ended.exitCode, ended.stdout]).toEqual([4, expect.stringMatching(/^SUSPENDED/)]);
    const watching = millrace('resume', id, '-f');
    await untilSaid(watching, /^RUNNING: 1 of 5 jobs/m);
    watching.kill('SIGINT');
    const left = await watching;
    expect(left.stderr).toMatch(
      new RegExp(`The request is RUNNING\\. Process ${host.pid} goes on with it: .* status ${id}$`),
    );
    expect(left.exitCode).toBe(5);
    open();
    expect((await millrace('run', 'quick')).exitCode).toBe(0);
    await eventually(async () => {
      expect((await millrace('status', id)).stdout).toContain('state    COMPLETE');
    }, 20_000);
    host.kill('SIGINT');
    expect((await host).exitCode).toBe(0);
  },
  slow,
);

test(
  'without a host, and beside the socket of a killed one, a command says what to do',
  async () => {
    const { dir, data, millrace } = place('stale');
    const remedy = `no process hosts ${data}; start one with \`millrace up\``;
    const none = await millrace('start', 'gate', `dir=${dir}`);
    expect([none.exitCode, none.stderr]).toEqual([5, expect.stringContaining(remedy)]);
    const killed = millrace('up');
    await hosting(killed);
    killed.kill('SIGKILL');
    await killed;
    expect(existsSync(join(data, 'control.sock'))).toBe(true);
    const stale = await millrace('suspend', 'last');
    expect([stale.exitCode, stale.stderr]).toEqual([5, expect.stringContaining(remedy)]);
    const host = millrace('up');
    await hosting(host);
    expect((await millrace('start', 'quick', '-f')).exitCode).toBe(0);
    const second = await millrace('up');
    expect([second.exitCode, second.stderr]).toEqual([
      5,
      expect.stringContaining(`is hosted by process ${host.pid}`),
    ]);
    expect((await millrace('start', 'quick', '-f')).exitCode).toBe(0);
    host.kill('SIGTERM');
    await host;
    expect(existsSync(join(data, 'control.sock'))).toBe(false);
  },
  slow,
);

test(
  'what does not fit is refused by the host in a sentence',
  async () => {
    const { millrace } = place('misfits');
    const host = millrace('up');
    await hosting(host);
    const refused = async (...args: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await millrace(...args);
      expect([exitCode, stdout]).toEqual([2, '']);
      return stderr;
    };
    expect(await refused('start', 'gaet')).toContain('(did you mean "gate"?)');
    expect(await refused('start', 'gate')).toContain('dir is missing (dir=…)');
    expect(await refused('start', 'quick', 'm=1')).toContain('takes no "m" (did you mean "n"?)');
    expect(await refused('stop', 'nothing')).toContain('request "nothing" does not exist');
    host.kill('SIGTERM');
    await host;
  },
  slow,
);

test(
  'up drains: no state changes, nothing is lost, what had not begun is no attempt',
  async () => {
    const { dir, data, millrace, open } = place('drain');
    const ran = (): string[] => readFileSync(join(dir, 'ran'), 'utf8').trimEnd().split('\n');
    const first = millrace('up');
    await hosting(first);
    const id = idIn((await millrace('start', 'mixed', `dir=${dir}`)).stdout);
    await eventually(() => {
      expect(ran()).toEqual(['a 1']);
      expect(existsSync(join(dir, 'flaky-1'))).toBe(true);
    }, 20_000);
    first.kill('SIGTERM');
    const { exitCode, stderr } = await first;
    expect([exitCode, stderr]).toEqual([0, expect.stringMatching(/Drained\.$/)]);
    expect((await millrace('status', id)).stdout).toMatch(/^state {4}RUNNING, for /m);

    const second = millrace('up');
    await hosting(second);
    open();
    await eventually(async () => {
      expect((await millrace('status', id)).stdout).toContain('4 jobs complete');
    }, 30_000);
    second.kill('SIGTERM');
    expect((await second).exitCode).toBe(0);
    // The one that ran was begun once more, under the number that it had; the others had not begun.
    expect(ran().sort()).toEqual(['a 1', 'a 1', 'b 1', 'c 1']);
    const reader = await openReader(toConfig({ data }));
    const attempts = (await reader.jobs(id)).map(({ name, attempts: n }) => `${name} ${n}`);
    expect(attempts).toEqual(['a 1', 'b 1', 'c 1', 'flaky-1 2']);
    const answers: string[] = [];
    for await (const { type, to } of reader.events(id)) {
      if (type.startsWith('attempt.')) answers.push(`${type} ${to}`);
    }
    await reader.close();
    expect(answers.sort()).toEqual([
      'attempt.failed job/3',
      ...['0', '1', '2', '3'].map((n) => `attempt.succeeded job/${n}`),
    ]);
  },
  slow,
);

test(
  'up leaves at once at the second signal; who follows is told where the request stands',
  async () => {
    const { dir, millrace, open } = place('leave');
    const host = millrace('up', '--json', '--verbose');
    await untilSaid(host, /"msg":"hosting"/);
    const watching = millrace('start', 'gate', `dir=${dir}`, 'stubborn=true', '-f');
    const id = await untilGate(watching, dir);
    const draining = untilSaid(host, /"msg":"draining"/);
    host.kill('SIGTERM');
    await draining;
    host.kill('SIGTERM');
    const { exitCode, stdout } = await host;
    expect(exitCode).toBe(5);
    const lines = stdout.split('\n').map((line) => json(line) as { msg: string });
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'request', requestId: id, type: 'gate', state: 'RUNNING' }),
    );
    expect(lines.at(-1)).toMatchObject({ msg: 'left', signal: 'SIGTERM' });
    const lost = await watching;
    expect(lost.exitCode).toBe(5);
    expect(lost.stderr).toMatch(
      new RegExp(`process ${host.pid}, which hosted request "${id}", has ended; .* resume ${id}$`),
    );
    open();
    expect((await millrace('resume', id)).exitCode).toBe(0);
  },
  slow,
);

test(
  'a parked request keeps what it is told, and says so; unpark steps it in the host',
  async () => {
    const { dir, data, millrace, open } = place('parked');
    const killed = millrace('up');
    await hosting(killed);
    const id = idIn((await millrace('start', 'gate', `dir=${dir}`)).stdout);
    await untilGatesWait(dir);
    killed.kill('SIGKILL');
    await killed;
    const store = new Database(join(data, 'store.db'));
    const newest = `grp = '${id}' AND seq = (SELECT max(seq) FROM journal WHERE grp = '${id}')`;
    store.exec(
      `UPDATE journal SET parked = 'a test parked it', transitions = NULL WHERE ${newest}`,
    );
    store.close();

    const host = millrace('up');
    await hosting(host);
    const resumed = await millrace('resume', id);
    expect([resumed.exitCode, resumed.stderr]).toEqual([
      5,
      expect.stringMatching(new RegExp(`It is parked: a test parked it\\n.* unpark ${id}$`)),
    ]);
    const stopped = await millrace('stop', id);
    expect([stopped.exitCode, stopped.stderr]).toEqual([
      2,
      expect.stringMatching(/is parked: a test parked it; this is kept for `millrace unpark`/),
    ]);
    open();
    const unparked = await millrace('unpark', id);
    expect(unparked.stdout).toMatch(/^unparked: 2 messages stepped; the request is STOP/);
    await eventually(async () => {
      expect((await millrace('status', id)).stdout).toMatch(/^state {4}(STOPPED|COMPLETE|FAIL)/m);
    }, 30_000);
    host.kill('SIGTERM');
    await host;
  },
  slow,
);

test(
  'the example that connects runs beside up, and ends by itself',
  async () => {
    const dir = join(folder, 'program');
    mkdirSync(join(dir, 'src'), { recursive: true });
    writeFileSync(join(dir, 'src/a'), 'a');
    const example = join(root, 'examples/checksum-tree');
    const host = start(['--config', join(example, 'millrace.config.ts'), 'up'], dir);
    await hosting(host);
    const loader = pathToFileURL(join(root, 'test/kit/tsLoader.mjs')).href;
    const { stdout, exitCode } = await execa(
      'node',
      ['--import', loader, join(example, 'client.ts')],
      { cwd: dir, reject: false },
    );
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^COMPLETE$/m)]);
    expect(readFileSync(join(dir, 'SHA256SUMS'), 'utf8')).toMatch(/^[0-9a-f]{64} {2}src\/a\n$/);
    host.kill('SIGTERM');
    expect((await host).exitCode).toBe(0);
  },
  slow,
);
