/** Roles in several "processes" over one broker: what they need, and what they tell each other. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import { createMillrace } from '../../src/compose.ts';
import type { Millrace, Ports } from '../../src/compose.ts';
import type { MillraceOptions, Role } from '../../src/config.ts';
import type { Broker } from '../../src/ports/broker.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import { newsTopology } from '../../src/roles/signals.ts';
import { createGate } from '../control/kit.ts';
import { eventually } from '../kit/eventually.ts';
import { decorate } from '../kit/rig.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const folder = tempFolder();
let shared: Broker;
let gate: ReturnType<typeof createGate>;
let running: Millrace[] = [];
let count = 0;

beforeEach(() => {
  shared = decorate<Broker>(openSmqpBroker(), { isRemote: true, close: () => Promise.resolve() });
  gate = createGate();
  count += 1;
});

afterEach(async () => {
  for (const each of running.reverse()) await each.stop();
  running = [];
});

const hosting: readonly Role[] = ['gateway', 'host', 'tracker'];

function make(roles: readonly Role[], more: MillraceOptions = {}, given: Partial<Ports> = {}) {
  const data = join(folder, `${count}-${roles.join('-')}`);
  const options = { ...gate.options, data, roles, partitions: 2, graceMs: 500, ...more };
  const ports = { openBroker: () => shared, ...given };
  const millrace = createMillrace({ amqpUrl: 'amqp://u:s3cret@shared', ...options }, ports);
  running.push(millrace);
  return { millrace, data };
}

type Heard = { key: string; body: Record<string, unknown> };

/** What goes out on `millrace.transitions` from now on. */
async function listen(): Promise<Heard[]> {
  const heard: Heard[] = [];
  await shared.declare(newsTopology('test.news', ['#']));
  await shared.consume('test.news', {
    prefetch: 100_000,
    onClosed: () => undefined,
    onDelivery: ({ routingKey, body }) =>
      heard.push({ key: routingKey, body: JSON.parse(body) as Heard['body'] }),
  });
  return heard;
}

describe('a worker apart from its host', () => {
  test('runs its jobs, needs no store, and says what they say', async () => {
    const { millrace: host } = make(hosting);
    const { millrace: worker, data } = make(['worker']);
    await host.start();
    await worker.start();
    const said: string[] = [];
    const request = host.client.request('loud');
    request.onStatus(({ jobId, text }) => said.push(`${jobId}: ${text}`));
    await host.client.start(gate.gate, { n: 2 }, { requestId: 'loud' });
    await eventually(() => {
      expect(said.sort()).toEqual([
        'waiting-1: waiting at the gate',
        'waiting-2: waiting at the gate',
      ]);
    });
    gate.open();
    expect((await request.finished()).state).toBe('COMPLETE');
    expect(existsSync(data)).toBe(false);
    expect(() => worker.client).toThrow('this process has only the roles worker, and no store');
  });

  test('returns what it has not finished, for the next worker', async () => {
    const { millrace: host } = make(hosting);
    const { millrace: first } = make(['worker']);
    await host.start();
    await first.start();
    const request = await host.client.start(gate.gate, { n: 3 });
    await eventually(async () => expect((await request.status()).counts.running).toBe(3));
    await first.stop();
    gate.open();
    const { millrace: second } = make(['worker']);
    await second.start();
    expect(await request.finished()).toMatchObject({ state: 'COMPLETE', failures: [] });
  });
});

describe('what is told on millrace.transitions', () => {
  test('batches with their offsets, and the moves of chains', async () => {
    const heard = await listen();
    const { millrace } = make([...hosting, 'worker'], { partitions: 1 });
    await millrace.start();
    gate.open();
    const request = await millrace.client.start(gate.gate, {});
    await request.finished();
    const batches = heard.filter(({ key }) => key === 'batch.00').map(({ body }) => body);
    expect(batches.map(({ first, last }) => [first, last])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(batches[2]?.['entries']).toEqual([
      expect.objectContaining({
        group: request.id,
        seq: 2,
        type: 'attempt.succeeded',
        transitions: [
          { actor: 'job/0', from: 'running', to: 'complete' },
          { actor: 'chain/main', from: 'running', to: 'complete' },
        ],
      }),
    ]);
    expect(heard.map(({ key }) => key).filter((key) => /^(chain|job)\./.test(key))).toEqual([
      'chain.gate.running',
      'chain.gate.complete',
    ]);
  });

  test('the moves of jobs too, where that is set', async () => {
    const heard = await listen();
    const publish = { jobTransitions: true };
    const { millrace } = make([...hosting, 'worker'], { publish });
    await millrace.start();
    gate.open();
    const request = await millrace.client.start(gate.gate, {});
    await request.finished();
    const moves = heard.filter(({ key }) => key.startsWith('job.'));
    expect(moves.map(({ key }) => key)).toEqual(['job.waiting.running', 'job.waiting.complete']);
    expect(moves[0]?.body).toMatchObject({
      requestId: request.id,
      jobId: 'waiting-1',
      to: 'running',
    });
  });

  test('holds nothing up when nothing of it can be sent', async () => {
    const publish: Broker['publish'] = (publication) =>
      publication.exchange === 'millrace.transitions'
        ? Promise.reject(new TransientError('no news today'))
        : shared.publish(publication);
    const openBroker = (): Broker => decorate<Broker>(shared, { publish });
    const { millrace } = make([...hosting, 'worker'], {}, { openBroker });
    await millrace.start();
    gate.open();
    const request = await millrace.client.start(gate.gate, { n: 5 });
    expect((await request.finished()).state).toBe('COMPLETE');
  });
});

test('a broker that does not answer is awaited, and said so once without its password', async () => {
  const log: string[] = [];
  const { pino } = await import('pino');
  let tries = 0;
  const openBroker = (): Broker => {
    tries += 1;
    if (tries < 3) throw new TransientError('ECONNREFUSED at amqp://u:s3cret@shared');
    return shared;
  };
  const given = {
    openBroker,
    log: pino({ level: 'warn' }, { write: (line: string) => log.push(line) }),
  };
  const { millrace } = make(hosting, { http: { port: 0 } }, given);
  await millrace.start();
  const awaited = log.filter((line) => line.includes('is awaited'));
  expect(awaited).toHaveLength(1);
  expect(awaited[0]).toContain(
    'the broker at amqp://u:***@shared is awaited: ECONNREFUSED at amqp://u:***@shared',
  );
  expect(log.join()).not.toContain('s3cret');
});

test('a start that waits for its broker is ended by a stop', async () => {
  const openBroker = (): Broker => {
    throw new TransientError('ECONNREFUSED');
  };
  const { millrace } = make(['worker'], {}, { openBroker });
  const started = millrace.start();
  await millrace.stop();
  await expect(started).rejects.toThrow('ended before the broker had answered');
});
