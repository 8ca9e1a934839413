/** The worker and the publisher in Python, over a real RabbitMQ, with a host of ours. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { openRabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import { toConfig } from '../../src/config.ts';
import { openRejected } from '../../src/openRejected.ts';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { Client, Millrace } from '../../src/index.ts';
import type { AttemptStart } from '../../src/protocol/attempts.ts';
import { bundleSchema, bundleType } from '../../src/protocol/bundle.ts';
import { baseTopology, jobTopology, partitionKey } from '../../src/protocol/topology.ts';
import { eventually } from '../kit/eventually.ts';
import { pythonWithPika } from '../kit/python.ts';
import { silentLog } from '../kit/silentLog.ts';
import type { Said } from '../kit/standIn.ts';
import { openTcpProxy } from '../kit/tcpProxy.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const server = inject('amqpUrl');
const found = await pythonWithPika();
const url = 'url' in server ? server.url : '';
const python = 'python' in found ? found.python : '';
const prefix = `py-${randomUUID().slice(0, 8)}`;
const example = fileURLToPath(new URL('../../examples/worker-python/', import.meta.url));
const folder = tempFolder();

/** Their code is in Python. */
const elsewhere = (): never => {
  throw new Error('this job runs in Python');
};
const words = defineJob({ type: 'words', args: z.object({ path: z.string() }), run: elsewhere });
const napArgs = z.object({ seconds: z.number(), log: z.string() });
const nap = defineJob({ type: 'nap', args: napArgs, run: elsewhere });
const fatal = defineJob({ type: 'fatal', args: z.object({ log: z.string() }), run: elsewhere });
const countWords = defineChain({
  type: 'count-words',
  args: z.object({ paths: z.array(z.string()) }),
  plan: ({ args, job }) => {
    for (const path of args.paths) job(words, { path }, { retry: { attempts: 2, waitMs: 10 } });
  },
});
const rest = defineChain({
  type: 'rest',
  args: napArgs.extend({ timeoutMs: z.number().optional() }),
  plan: ({ args: { timeoutMs, ...args }, job }) =>
    void job(nap, args, timeoutMs === undefined ? {} : { timeoutMs }),
});

const poisoned = defineChain({
  type: 'poisoned',
  args: z.object({ log: z.string(), naps: z.string() }),
  plan: ({ args: { log, naps }, job }) => {
    job(fatal, { log });
    job(nap, { seconds: 0.1, log: naps });
  },
});

function start(program: string, args: readonly string[] = [], at = url, under = prefix) {
  const env = { MILLRACE_AMQP_URL: at, MILLRACE_PREFIX: under, PYTHONDONTWRITEBYTECODE: '1' };
  return execa(python, [resolve(example, program), ...args], { reject: false, all: true, env });
}

const workers: ReturnType<typeof start>[] = [];

function startWorker(): void {
  workers.push(start('worker.py'));
}

/** One that takes leases after half a second, and has the job `fatal`. */
function startTestWorker(at = url): ReturnType<typeof start> {
  const program = fileURLToPath(new URL('./fixtures/worker.py', import.meta.url));
  const worker = start(program, [example], at);
  workers.push(worker);
  return worker;
}

/** At once, as a power cut would. */
async function killWorkers(): Promise<void> {
  for (const worker of workers) worker.kill('SIGKILL');
  await Promise.all(workers.splice(0));
}

/** A start as the host of partition 0 sends it. */
function startOf(jobType: string, key: string, args: object): AttemptStart {
  return {
    ...{ startId: `g/job/${key}/1`, claim: 1, requestId: 'g', jobId: key, jobType },
    ...{ attempt: 1, resumption: 0, args, data: [], results: {} },
    answer: { group: 'g', to: 'job', key, routingKey: partitionKey(0) },
  };
}

/** Stands in for the host of partition 0 under a prefix of its own: what may have run is dropped, the rest is run. */
async function openStandInHost() {
  const prefix = `py-${randomUUID().slice(0, 8)}`;
  const broker = await openRabbitmqBroker({ url, prefix, name: 'test', log: silentLog() });
  await broker.declare(baseTopology(1));
  for (const type of ['words', 'nap']) await broker.declare(jobTopology(type));
  await broker.close();
  const connection = await connect(url);
  const channel = await connection.createChannel();
  const heard: Said[] = [];
  const unreadable: string[] = [];
  await channel.consume(`${prefix}.partition.${partitionKey(0)}`, (message) => {
    if (message === null) return;
    channel.ack(message);
    const { type, replyTo } = message.properties as { type: string; replyTo?: string };
    const text = message.content.toString();
    if (type === 'attempt.unreadable') return void unreadable.push(text);
    const body = JSON.parse(text) as Said['body'];
    heard.push({ type, body });
    if (type !== 'attempt.confirm') return;
    const verdict = body['redelivered'] === true ? 'drop' : 'run';
    const told = JSON.stringify({ executionId: body['executionId'], verdict });
    channel.publish('', replyTo ?? '', Buffer.from(told), { type: 'attempt.verdict' });
  });
  return {
    prefix,
    unreadable,
    /** What was said of starts, as `key type` and whether the start was redelivered; confirms asked again are one. */
    said: () => [
      ...new Set(
        heard.map(({ type, body: { key, redelivered } }) =>
          [key, type, ...(redelivered === true ? ['redelivered'] : [])].join(' '),
        ),
      ),
    ],
    answers: () =>
      heard.flatMap(({ type, body }) =>
        /succeeded|failed|stopped/.test(type) ? [`${String(body['key'])} ${type}`] : [],
      ),
    send(jobType: string, bodies: readonly string[]) {
      const own = { type: 'attempt.start', timestamp: Date.now() };
      const messages = bodies.map((body) => ({ messageId: randomUUID(), ...own, body }));
      const bundle = JSON.stringify(bundleSchema.parse({ messages }));
      this.sendText(jobType, bundle);
    },
    sendText(jobType: string, bundle: string) {
      channel.publish(`${prefix}.jobs`, jobType, Buffer.from(bundle), { type: bundleType });
    },
    cancel(startId: string) {
      const body = Buffer.from(JSON.stringify({ startIds: [startId] }));
      channel.publish(`${prefix}.control`, '', body, { type: 'attempt.cancel' });
    },
    /** What a queue has once nobody consumes from it any more: what was unacked has come back by then. */
    async left(jobType: string) {
      const queue = `${prefix}.job.${jobType}`;
      await eventually(async () => {
        expect((await channel.checkQueue(queue)).consumerCount).toBe(0);
      });
      return channel.get(queue, { noAck: true });
    },
    close: () => connection.close(),
  };
}

const skipped = [server, found].flatMap((each) => ('skipped' in each ? [each.skipped] : []));

describe.skipIf(skipped.length > 0)(`in Python ${skipped.join('; ')}`, () => {
  let millrace: Millrace;
  let client: Client;

  beforeAll(async () => {
    millrace = createMillrace({
      ...{ amqpUrl: url, prefix, data: join(folder, 'data'), partitions: 2 },
      roles: ['gateway', 'host', 'tracker'],
      jobs: [words, nap, fatal],
      chains: [countWords, rest, poisoned],
    });
    await millrace.start();
    client = millrace.client;
  }, 60_000);

  afterEach(killWorkers);

  afterAll(() => millrace.stop());

  async function resultsOf(id: string): Promise<unknown[]> {
    const results: unknown[] = [];
    for await (const { type, body } of client.request(id).events())
      if (type === 'attempt.succeeded') results.push((body as { result: unknown }).result);
    return results;
  }

  it('a chain is started, run and answered', async () => {
    const path = join(folder, 'text');
    writeFileSync(path, 'so many words\nand two more\n');
    startWorker();
    const args = JSON.stringify({ paths: [path, path] });
    const published = await start('publish.py', ['count-words', args, `words-${prefix}`]);
    expect(published.stdout).toBe(`words-${prefix}`);
    const finished = await client.request(published.stdout).finished();
    expect(finished).toMatchObject({ state: 'COMPLETE', user: 'guest' });
    expect(await resultsOf(published.stdout)).toEqual([{ words: 6 }, { words: 6 }]);
  }, 60_000);

  it('a publisher is told why its chain is refused', async () => {
    const { stderr, exitCode } = await start('publish.py', ['count-words', '{"paths":"all"}']);
    expect(stderr).toMatch(/^refused: plan: .*paths/);
    expect(exitCode).toBe(1);
    const aside = await openRejected(toConfig({ amqpUrl: url, prefix }));
    const [message] = (await aside.rejected.list(10)).messages;
    expect(message).toMatchObject({
      code: 'plan',
      principal: 'guest',
      exchange: 'millrace.commands',
    });
    const path = join(folder, 'corrected');
    writeFileSync(path, 'one');
    const body = { requestType: 'count-words', args: { paths: [path] }, requestId: 'corrected' };
    await aside.rejected.requeue(message?.id ?? '', JSON.stringify(body));
    await aside.close();
    startWorker();
    await eventually(async () => {
      expect((await client.request('corrected').status()).state).toBe('COMPLETE');
    }, 30_000);
  }, 60_000);

  it('a job that raises fails with its reason, after its retries', async () => {
    startWorker();
    const { stdout: id } = await start('publish.py', ['count-words', '{"paths":["/nowhere"]}']);
    const { state, failures } = await client.request(id).finished();
    expect([state, failures[0]?.reason]).toEqual([
      'FAIL',
      expect.stringContaining('FileNotFoundError'),
    ]);
  }, 60_000);

  it('a job that takes too long has failed, once it has stopped', async () => {
    startWorker();
    const args = { seconds: 60, log: join(folder, 'slow'), timeoutMs: 300 };
    const request = await client.start(rest, args);
    const { failures } = await request.finished();
    expect(failures[0]?.reason).toBe('timed out after 300 ms');
  }, 60_000);

  it('a suspended request stops what runs, and a resumed one runs it again', async () => {
    startWorker();
    const log = join(folder, 'suspended');
    const request = await client.start(rest, { seconds: 3, log });
    await eventually(() => expect(existsSync(log)).toBe(true), 30_000);
    await request.suspend();
    expect((await request.settled()).state).toBe('SUSPENDED');
    await request.resume();
    expect((await request.finished()).state).toBe('COMPLETE');
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(2);
  }, 60_000);

  it('what a killed worker held is run by the next one, which asks before', async () => {
    startWorker();
    const log = join(folder, 'killed');
    const request = await client.start(rest, { seconds: 2, log });
    await eventually(() => expect(existsSync(log)).toBe(true), 30_000);
    await killWorkers();
    startWorker();
    expect((await request.finished()).state).toBe('COMPLETE');
    expect(await resultsOf(request.id)).toEqual([{ slept: 2 }]);
    const types: string[] = [];
    for await (const { type } of request.events()) types.push(type);
    expect(types).toContain('attempt.confirm');
  }, 60_000);

  async function typesOf(id: string): Promise<string[]> {
    const types: string[] = [];
    for await (const { type } of client.request(id).events()) types.push(type);
    return types;
  }

  it('what takes long has a lease, with which it outlives the connection', async () => {
    const proxy = await openTcpProxy(url);
    const through = new URL(url);
    through.port = String(proxy.port);
    void startTestWorker(through.href);
    const log = join(folder, 'leased');
    const request = await client.start(rest, { seconds: 4, log });
    await eventually(
      async () => expect(await typesOf(request.id)).toContain('attempt.lease'),
      30_000,
    );
    proxy.cut();
    expect((await request.finished()).state).toBe('COMPLETE');
    expect(await typesOf(request.id)).toEqual([
      'chain.create',
      'attempt.lease',
      'attempt.succeeded',
    ]);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(1);
    await killWorkers();
    await proxy.close();
  }, 60_000);

  it('a job that kills its worker runs alone in the third, and has failed after five', async () => {
    const log = join(folder, 'fatal');
    const request = await client.start(poisoned, { log, naps: join(folder, 'naps') });
    const over = new AbortController();
    const supervised = (async () => {
      while (!over.signal.aborted) await startTestWorker();
    })();
    const { state, failures } = await request.finished();
    over.abort();
    await killWorkers();
    await supervised;
    expect(state).toBe('FAIL');
    expect(failures.map(({ reason }) => reason)).toEqual([expect.stringContaining('worker')]);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(5);
    expect(await resultsOf(request.id)).toEqual([{ slept: 0.1 }]);
  }, 120_000);

  it('each start of a bundle is answered, and what cannot be read handed on', async () => {
    const host = await openStandInHost();
    const path = join(folder, 'bundled');
    writeFileSync(path, 'one two');
    const bodies = ['a', 'b', 'c', 'd', 'e'].map((key) =>
      JSON.stringify(startOf('words', key, { path: key === 'c' ? '/nowhere' : path })),
    );
    host.send('words', [...bodies, '{']);
    host.sendText('words', '{"messages":[]}');
    const worker = start('worker.py', [], url, host.prefix);
    workers.push(worker);
    await eventually(() => expect(host.answers()).toHaveLength(5), 30_000);
    expect(host.answers().sort()).toEqual([
      'a attempt.succeeded',
      'b attempt.succeeded',
      'c attempt.failed',
      'd attempt.succeeded',
      'e attempt.succeeded',
    ]);
    await eventually(() => expect(host.unreadable).toEqual(['{', '{"messages":[]}']));
    worker.kill('SIGTERM');
    expect((await worker).exitCode).toBe(0);
    expect(await host.left('words')).toBe(false);
    expect(host.answers()).toHaveLength(5);
    await host.close();
  }, 60_000);

  it('a bundle comes again until all in it is done: what still runs goes on, the rest is asked about', async () => {
    const host = await openStandInHost();
    const proxy = await openTcpProxy(url);
    const through = new URL(url);
    through.port = String(proxy.port);
    const log = join(folder, 'bundled-naps');
    const long = startOf('nap', 'long', { seconds: 60, log });
    const short = startOf('nap', 'short', { seconds: 0, log });
    host.send('nap', [JSON.stringify(long), JSON.stringify(short)]);
    const worker = start('worker.py', [], through.href, host.prefix);
    workers.push(worker);
    await eventually(() => expect(host.answers()).toEqual(['short attempt.succeeded']), 30_000);
    proxy.cut();
    await eventually(
      () => expect(host.said()).toContain('short attempt.confirm redelivered'),
      30_000,
    );
    host.cancel(long.startId);
    await eventually(() => expect(host.answers()).toContain('long attempt.stopped'), 30_000);
    expect(host.said()).not.toContain('long attempt.confirm redelivered');
    worker.kill('SIGTERM');
    expect((await worker).exitCode).toBe(0);
    expect(await host.left('nap')).toBe(false);
    expect(readFileSync(log, 'utf8').trim().split('\n').sort()).toEqual(['g/long', 'g/short']);
    await proxy.close();
    await host.close();
  }, 60_000);
});
