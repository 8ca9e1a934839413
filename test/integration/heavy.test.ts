/** Jobs in processes of their own through the whole program: the example, stops and kills, many, and what is kept. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { connect, createMillrace, defineChain, defineJob, MillraceError } from '../../src/index.ts';
import type { PlanContext } from '../../src/index.ts';
import { idIn, root, start, untilSaid } from '../cli/kit.ts';
import { childrenOf } from '../kit/crashChildren.ts';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const folder = tempFolder();
/** Node reads no TypeScript by itself. */
const ports = { execArgv: ['--import', join(root, 'test/kit/tsLoader.mjs')] };
const example = join(root, 'examples/heavy-jobs/millrace.config.ts');
const fixture = join(root, 'test/integration/fixtures/heavy.config.ts');

const on = (config: string, data: string) => {
  const flags = ['--config', config, '--data', join(folder, data)];
  return (...args: string[]) => start([...flags, ...args], folder);
};

test('the example sorts, packs and checksums by programs, and counts in a process of its own', async () => {
  const millrace = on(example, 'example');
  const out = join(folder, 'out');
  const ran = await millrace('run', 'pack-texts', `dir=${join(root, 'src/cli')}`, `out=${out}`);
  expect([ran.exitCode, ran.stderr.includes('error')]).toEqual([0, false]);
  const names = readdirSync(join(root, 'src/cli')).sort();
  expect(readdirSync(out).sort()).toEqual(names.flatMap((name) => [name, `${name}.gz`]).sort());
  const [first = ''] = names;
  const lines = new Set(
    readFileSync(join(root, 'src/cli', first), 'latin1')
      .trimEnd()
      .split('\n'),
  );
  const packed = gunzipSync(readFileSync(join(out, `${first}.gz`))).toString('latin1');
  expect(packed.trimEnd().split('\n')).toEqual([...lines].sort());
  const events = await millrace('events', idIn(ran.stdout), '--json', '--bodies');
  const { result } = events.stdout
    .split('\n')
    .map((line) => (JSON.parse(line) as { body: { result?: { words?: number } } }).body)
    .find((body) => body.result?.words !== undefined) as {
    result: { words: number; sums: { path: string; sha256: string }[] };
  };
  expect(result.words).toBeGreaterThan(100);
  const sums = result.sums.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('');
  await execa('sha256sum', ['-c', '--quiet'], { input: sums, cwd: folder });
});

test.each(['SIGINT', 'SIGKILL', 'SIGTERM'] as const)(
  'whoever ends by %s leaves no child, and the chain goes on',
  async (signal) => {
    const data = `ended-${signal}`;
    const millrace = on(fixture, data);
    const go = join(folder, `go-${signal}`);
    const run = millrace('run', 'waits', `go=${go}`, '-v');
    const text = await untilSaid(run, /^request [0-9a-z]{26}$/m);
    await eventually(() => {
      expect(childrenOf(join(folder, data)).length).toBeGreaterThanOrEqual(4);
    }, 20_000);
    run.kill(signal);
    await run;
    await eventually(() => {
      expect(childrenOf(join(folder, data))).toEqual([]);
    });
    writeFileSync(go, '');
    const resumed = await millrace('resume', idIn(text));
    expect(resumed.exitCode).toBe(0);
  },
  60_000,
);

test('what a program prints is heard here and from another process, and kept in the event log alone', async () => {
  const data = join(folder, 'kept');
  const go = join(folder, 'go-kept');
  const script = `while [ ! -e ${go} ]; do echo tick; sleep 0.05; done; echo to-be-seen; echo and-this >&2; exit 3`;
  const prints = defineJob({
    type: 'prints',
    args: z.object({}),
    command: () => ['sh', '-c', script],
  });
  const plan = ({ job }: PlanContext<unknown>): void => void job(prints, {});
  const chain = defineChain({ type: 'one', args: z.object({}), plan });
  const millrace = createMillrace({ jobs: [prints], chains: [chain], data }, ports);
  await millrace.start();
  const request = await millrace.client.start(chain, {});
  const remote = await connect({ data });
  const heard: string[] = [];
  remote.request(request.id).onOutput(({ stream, text }) => void heard.push(`${stream} ${text}`));
  await eventually(() => {
    expect(heard).toContainEqual(expect.stringMatching(/^stdout (tick\n)+$/));
  });
  writeFileSync(go, '');
  const { state, failures } = await request.finished();
  expect([state, failures[0]?.reason]).toEqual(['FAIL', 'sh exited with code 3\nand-this']);
  await eventually(() => {
    expect(heard).toContain('stderr and-this\n');
  });
  const bodies = [];
  for await (const { type, body } of request.events())
    if (type === 'attempt.failed') bodies.push(body);
  const kept = { exit: 3, stdout: expect.stringMatching(/to-be-seen\n$/), stderr: 'and-this\n' };
  expect(bodies).toMatchObject([kept]);
  await remote.close();
  await millrace.stop();
  const dump = `
    const Database = require('libsql');
    const rows = new Database(process.argv[1], { readonly: true }).prepare('SELECT * FROM snapshots').all();
    console.log(JSON.stringify(rows, (_, v) => v?.type === 'Buffer' ? Buffer.from(v.data).toString('latin1') : v));`;
  const { stdout } = await execa('node', ['-e', dump, join(data, 'store.db')]);
  expect(stdout).toContain('prints');
  expect(stdout).not.toContain('to-be-seen');
});

test('a thousand programs in one chain', async () => {
  const echo = defineJob({
    type: 'echo',
    args: z.object({ n: z.number() }),
    command: ({ args }) => ['echo', String(args.n)],
    result: ({ stdout }) => Number(stdout),
  });
  const sum = defineJob({
    type: 'sum',
    args: z.object({}),
    run: ({ resultsOf }) => resultsOf(echo).reduce((total, each) => total + each, 0),
  });
  const chain = defineChain({
    type: 'many',
    args: z.object({}),
    plan({ job }) {
      job(sum, {}, { after: Array.from({ length: 1000 }, (_, n) => job(echo, { n })) });
    },
  });
  const data = join(folder, 'many');
  const millrace = createMillrace({ jobs: [echo, sum], chains: [chain], data }, ports);
  await millrace.start();
  const request = await millrace.client.start(chain, {});
  expect((await request.finished()).state).toBe('COMPLETE');
  await millrace.stop();
  expect(childrenOf(data)).toEqual([]);
}, 120_000);

test('isolated jobs without a module to find them in are refused, naming the remedy', () => {
  const lonely = defineJob({ type: 'lonely', args: z.object({}), isolate: true, run: () => 1 });
  const refused = () => createMillrace({ jobs: [lonely], data: join(folder, 'lonely') });
  expect(refused).toThrow(MillraceError);
  expect(refused).toThrow(
    'job "lonely" is isolated, and its process cannot know where it is defined; say it: createMillrace({ definitions: import.meta.url, … })',
  );
});
