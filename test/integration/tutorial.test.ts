/** The tutorial's actors: in turn, given up, taken back; killed at any step and started again over the same folder. */
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { deploy } from '../../examples/deploy-lock/deploy.ts';
import { environment } from '../../examples/deploy-lock/environment.ts';
import { rollOut } from '../../examples/deploy-lock/rollOut.ts';
import { createMillrace, defineJob } from '../../src/index.ts';
import type { Client, Millrace } from '../../src/index.ts';
import { root, start as startProgram } from '../cli/kit.ts';
import { eventually } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const running: Millrace[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((millrace) => millrace.stop()));
});

/** A roll-out that ends when the test says so; `begun` lists the versions in the order they were begun. */
function createGate() {
  const begun: string[] = [];
  const open = new Map<string, (problem?: Error) => void>();
  const job = defineJob({
    type: rollOut.type,
    args: rollOut.args,
    run: ({ args, signal }) => {
      begun.push(args.version);
      return new Promise<{ path: string }>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        open.set(args.version, (problem) =>
          problem === undefined ? resolve({ path: args.version }) : reject(problem),
        );
      });
    },
  });
  const end = (version: string, problem?: Error): void => open.get(version)?.(problem);
  return { job, begun, end };
}

async function start(data: string, job = rollOut, clock?: FakeClock): Promise<Client> {
  const log = pino({ level: 'silent' });
  const options = { actors: [deploy, environment], jobs: [job], data, partitions: 4, graceMs: 100 };
  const millrace = createMillrace(options, { log, ...(clock !== undefined && { clock }) });
  running.push(millrace);
  await millrace.start();
  return millrace.client;
}

const begin = (client: Client, version: string): Promise<unknown> =>
  client.send(`deploy-${version}/deploy/main`, {
    type: 'deploy.start',
    environment: 'staging',
    version,
  });

const cancel = (client: Client, version: string): Promise<unknown> =>
  client.send(`deploy-${version}/deploy/main`, { type: 'deploy.cancel' });

const holder = (client: Client): Promise<unknown> => client.query('staging', 'holder');

test('deploys have their turn, one at a time, and each is answered when it is over', async () => {
  const { job, begun, end } = createGate();
  const client = await start(tempFolder(), job);
  const first = begin(client, 'a');
  await eventually(async () => expect(await holder(client)).toBe('deploy-a/deploy/main'));
  const second = begin(client, 'b');
  await eventually(async () =>
    expect(await client.query('staging', 'queue')).toEqual(['deploy-b/deploy/main']),
  );
  await eventually(() => expect(begun).toEqual(['a']));
  end('a');
  expect(await first).toEqual({ environment: 'staging', version: 'a' });
  await eventually(() => expect(begun).toEqual(['a', 'b']));
  end('b');
  expect(await second).toEqual({ environment: 'staging', version: 'b' });
  await eventually(async () => expect(await holder(client)).toBe(''));
});

test('one that fails is tried three times; one that is cancelled says so at once and gives the lock back', async () => {
  const { job, begun, end } = createGate();
  const client = await start(tempFolder(), job);
  const failing = begin(client, 'a');
  for (const times of [1, 2, 3]) {
    await eventually(() => expect(begun).toHaveLength(times));
    end('a', new Error('no such host'));
  }
  expect(await failing).toMatchObject({ problem: expect.stringContaining('no such host') });
  const cancelled = begin(client, 'b');
  await eventually(() => expect(begun).toHaveLength(4));
  expect(await cancel(client, 'b')).toEqual({ text: 'stopping the roll-out' });
  expect(await cancelled).toEqual({ environment: 'staging', problem: 'cancelled' });
  await eventually(async () => expect(await holder(client)).toBe(''));
});

test('a lock that is held for too long is taken back, and the next has its turn', async () => {
  const clock = new FakeClock();
  const { job, begun } = createGate();
  const client = await start(tempFolder(), job, clock);
  const slow = begin(client, 'a');
  await eventually(() => expect(begun).toEqual(['a']));
  void begin(client, 'b').catch(() => undefined);
  await eventually(async () => expect(await client.query('staging', 'queue')).toHaveLength(1));
  const problem = 'it held the lock for too long';
  // A timer that is due later than in five minutes is looked up in the store when its time comes near.
  await eventually(() => {
    clock.advance(60_000);
    expect(begun).toEqual(['a', 'b']);
  });
  expect(await slow).toEqual({ environment: 'staging', problem });
  expect(await holder(client)).toBe('deploy-b/deploy/main');
});

test('stopped half-way and started again over the same folder, it goes on', async () => {
  const data = tempFolder();
  const before = createGate();
  const client = await start(data, before.job);
  for (const version of ['a', 'b']) void begin(client, version).catch(() => undefined);
  await eventually(() => expect(before.begun).toHaveLength(1));
  await eventually(async () => expect(await client.query('staging', 'queue')).toHaveLength(1));
  await running.pop()?.stop();
  const after = createGate();
  const again = await start(data, after.job);
  await eventually(() => expect(after.begun).toEqual(before.begun));
  expect(await cancel(again, after.begun[0] === 'a' ? 'b' : 'a')).toEqual({
    text: 'cancelled before it began',
  });
  after.end(after.begun[0] ?? '');
  await eventually(async () => expect(await holder(again)).toBe(''));
  expect(await again.query('staging', 'queue')).toEqual([]);
  const id = `deploy-${after.begun[0] ?? ''}`;
  await eventually(async () =>
    expect(await again.reader.status(id)).toMatchObject({
      type: 'deploy to staging',
      state: 'OVER',
    }),
  );
  const config = join(root, 'examples/deploy-lock/millrace.config.ts');
  const { exitCode, stdout } = await startProgram([
    '--config',
    config,
    '--data',
    data,
    'status',
    id,
  ]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^type +deploy to staging\nstate +OVER\ncreated /m);
}, 60_000);
