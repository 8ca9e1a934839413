/** `connect()`: the client of a host in another process, through the host's socket. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { connect, defineChain, defineJob } from '../../src/index.ts';
import type { RemoteClient } from '../../src/index.ts';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { createGate, createHosts } from './kit.ts';

const folder = tempFolder();
const host = createHosts();
let count = 0;

function newData(): string {
  count += 1;
  return join(folder, String(count));
}

async function connected(data: string, use: (client: RemoteClient) => Promise<void>) {
  const client = await connect({ data, patienceMs: 60_000 });
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

test('it starts by definition and by type, follows, and reads', async () => {
  const data = newData();
  const { options, gate, open } = createGate();
  await host(data, options);
  await connected(data, async (client) => {
    const heard: string[] = [];
    const first = await client.start(gate, { label: 'a' }, { user: 'ada', requestId: 'first' });
    first.onStatus(({ text }) => heard.push(text));
    const second = await client.start('gate', { n: 2 });
    expect(await second.status()).toMatchObject({ type: 'gate', state: 'RUNNING', total: 2 });
    const finished = Promise.all([first.finished(), second.finished()]);
    open();
    expect((await finished).map(({ state }) => state)).toEqual(['COMPLETE', 'COMPLETE']);
    expect(await first.status()).toMatchObject({ id: 'first', user: 'ada', args: { label: 'a' } });
    const moves: string[] = [];
    for await (const { actor, to } of second.transitions()) moves.push(`${actor} ${to}`);
    expect(moves.at(-1)).toBe('chain COMPLETE');
    const types: string[] = [];
    for await (const { type } of second.events()) types.push(type);
    expect(types[0]).toBe('chain.create');
  });
});

test('what running attempts say is heard, and every commit of every request', async () => {
  const data = newData();
  const { options, gate, open } = createGate();
  const { client: local } = await host(data, options);
  await connected(data, async (client) => {
    const states: string[] = [];
    client.onCommitted(({ requestId, state }) => {
      if (state !== undefined) states.push(`${requestId} ${state}`);
    });
    const said: string[] = [];
    client.request('b').onStatus(({ text }) => said.push(text));
    // Heard once the host knows of the listener: until then there is another.
    await eventually(async () => {
      await local.start(gate, {});
      expect(states).not.toEqual([]);
    });
    await local.start(gate, {}, { requestId: 'b' });
    await eventually(() => expect(said).toEqual(['waiting at the gate']));
    open();
    await eventually(() => expect(states).toContain('b COMPLETE'));
  });
});

test('what a program prints is heard', async () => {
  const data = newData();
  const go = join(folder, 'go');
  const loop = 'until [ -e "$0" ]; do echo hello; sleep 0.02; done';
  const printing = defineJob({
    type: 'printing',
    args: z.object({}),
    command: () => ['sh', '-c', loop, go],
  });
  const chain = defineChain({
    type: 'printing',
    args: z.object({}),
    plan: ({ job }) => void job(printing, {}),
  });
  await host(data, { jobs: [printing], chains: [chain] });
  await connected(data, async (client) => {
    const request = await client.start(chain, {});
    const printed: string[] = [];
    request.onOutput(({ stream, text }) => printed.push(`${stream} ${text}`));
    await eventually(() => expect(printed.join('')).toContain('stdout hello\n'));
    writeFileSync(go, '');
    expect((await request.finished()).state).toBe('COMPLETE');
  });
});

test('it stops, suspends and resumes; what the state does not allow is refused as beside the host', async () => {
  const data = newData();
  const { options, open } = createGate();
  await host(data, options);
  await connected(data, async (client) => {
    const request = await client.start('gate', {});
    await request.suspend();
    expect((await request.settled()).state).toBe('SUSPENDED');
    await request.resume();
    await expect(request.resume()).rejects.toMatchObject({ code: 'state' });
    await expect(request.unpark()).rejects.toThrow('is not parked');
    await request.stop();
    expect((await request.finished()).state).toBe('STOPPED');
    open();
    await expect(client.request('nope').stop()).rejects.toMatchObject({ code: 'not-found' });
    await expect(client.request('nope').status()).rejects.toMatchObject({ code: 'not-found' });
  });
});

test('an unknown type and args that do not fit are refused with the words of the host', async () => {
  const data = newData();
  await host(data, createGate().options);
  await connected(data, async (client) => {
    const refusal = { name: 'MillraceError', code: 'plan' };
    await expect(client.start('gaet', {})).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining('no chain has the type "gaet" (did you mean "gate"?)'),
    });
    await expect(client.start('gate', { n: 'x' })).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining('args.n'),
    });
    await expect(client.start('gate', {}, { requestId: 'a b' })).rejects.toMatchObject(refusal);
    expect(await client.reader.list()).toEqual([]);
  });
});

test('without a host it is refused with the remedy, also where a killed one has left its socket', async () => {
  const data = newData();
  const refusal = { code: 'unavailable', message: expect.stringContaining('`millrace up`') };
  await expect(connect({ data })).rejects.toMatchObject(refusal);
  mkdirSync(data);
  writeFileSync(join(data, 'control.sock'), '');
  await expect(connect({ data })).rejects.toMatchObject(refusal);
  await host(data, createGate().options);
  await connected(data, async (client) => {
    expect(await client.reader.list()).toEqual([]);
  });
});

test('it goes on with a host that has come back', async () => {
  const data = newData();
  const { options, open } = createGate();
  const first = await host(data, options);
  await connected(data, async (client) => {
    const request = await client.start('gate', {});
    const finished = request.finished();
    await first.stop();
    open();
    const started = client.start('gate', {}, { requestId: 'meanwhile' });
    await host(data, options);
    expect((await finished).state).toBe('COMPLETE');
    expect((await (await started).finished()).state).toBe('COMPLETE');
  });
});

test('a host that does not come back is given up, and says where the request stands', async () => {
  const data = newData();
  const { options } = createGate();
  const millrace = await host(data, options);
  const client = await connect({ data, patienceMs: 50 });
  const request = await client.start('gate', {});
  const finished = expect(request.finished()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('host'),
  });
  await millrace.stop();
  await finished;
  expect((await request.status()).state).toBe('RUNNING');
  await client.close();
});

test('a closed client rejects what is still waited for', async () => {
  const data = newData();
  const { options } = createGate();
  await host(data, options);
  const client = await connect({ socket: join(data, 'control.sock') });
  const request = await client.start('gate', {});
  const finished = expect(request.finished()).rejects.toThrow('the client was closed');
  await client.close();
  await finished;
});

test('a data folder whose path is too long for a socket is reached all the same', async () => {
  const data = join(newData(), 'deep'.repeat(40));
  const { options, open } = createGate();
  open();
  await host(data, options);
  await connected(data, async (client) => {
    const request = await client.start('gate', {});
    expect((await request.finished()).state).toBe('COMPLETE');
  });
});

test('socket and folder are for the user alone', async () => {
  const data = newData();
  const millrace = await host(data, createGate().options);
  const modeOf = (path: string): number => statSync(path).mode & 0o777;
  expect([modeOf(data), modeOf(join(data, 'control.sock'))]).toEqual([0o700, 0o600]);
  await millrace.stop();
  expect(() => statSync(join(data, 'control.sock'))).toThrow('ENOENT');
});
