import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import { createMillrace } from '../../src/compose.ts';
import type { Millrace, Ports } from '../../src/compose.ts';
import type { Broker, BrokerListener } from '../../src/ports/broker.ts';
import { createGate } from '../control/kit.ts';
import { eventually } from '../kit/eventually.ts';
import { decorate } from '../kit/rig.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const folder = tempFolder();
let running: Millrace | undefined;
let count = 0;

afterEach(async () => {
  await running?.stop();
});

async function start(
  gate: ReturnType<typeof createGate>,
  given: Partial<Ports> = {},
): Promise<Millrace> {
  const data = join(folder, String((count += 1)));
  const options = { ...gate.options, data, partitions: 2, graceMs: 500, http: { port: 0 } };
  running = createMillrace(options, given);
  await running.start();
  return running;
}

async function get(path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`${running?.httpUrl ?? ''}${path}`);
  return { status: response.status, body: await response.text() };
}

/** The value of a metric line. */
function valueOf(metrics: string, name: string): number {
  const line = metrics.split('\n').find((each) => each.startsWith(`${name} `));
  if (line === undefined) throw new Error(`no ${name} in: ${metrics}`);
  return Number(line.slice(name.length + 1));
}

describe('a process with a port', () => {
  test('is alive, ready, and on loopback', async () => {
    await start(createGate());
    expect(running?.httpUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await get('/healthz')).status).toBe(200);
    expect(await get('/readyz')).toEqual({ status: 200, body: '{"ready":true,"reasons":[]}\n' });
    expect((await get('/other')).status).toBe(404);
  });

  test('says why it is not ready while its broker is away or takes nothing', async () => {
    const listeners: BrokerListener[] = [];
    const watch: Broker['watch'] = (listener) => {
      listeners.push(listener);
      return () => undefined;
    };
    const openBroker = (): Broker => decorate<Broker>(openSmqpBroker(), { watch });
    await start(createGate(), { openBroker });
    for (const each of listeners) each.onBlocked?.('low on disk');
    expect(await get('/readyz')).toEqual({
      status: 503,
      body: '{"ready":false,"reasons":["broker: takes no messages: low on disk"]}\n',
    });
    for (const each of listeners) each.onUnblocked?.();
    for (const each of listeners) each.onDisconnected?.('ECONNRESET');
    expect((await get('/readyz')).body).toContain('broker: disconnected: ECONNRESET');
    for (const each of listeners) each.onConnected?.();
    expect((await get('/readyz')).status).toBe(200);
  });

  test('counts what it does', async () => {
    const gate = createGate();
    const { client } = await start(gate);
    const request = await client.start(gate.gate, { n: 3 });
    await eventually(async () => {
      expect(valueOf((await get('/metrics')).body, 'millrace_running_handlers')).toBe(3);
    });
    gate.open();
    await request.finished();
    const { body } = await get('/metrics');
    expect(valueOf(body, 'millrace_running_handlers')).toBe(0);
    expect(valueOf(body, 'millrace_owned_partitions')).toBe(2);
    expect(valueOf(body, 'millrace_parked_groups')).toBe(0);
    expect(valueOf(body, 'millrace_attempts_total{outcome="succeeded"}')).toBe(3);
    expect(valueOf(body, 'millrace_publishes_total{type="attempt.start"}')).toBe(3);
    // Two claims, the creation, three answers.
    expect(valueOf(body, 'millrace_entries_total')).toBe(6);
    expect(valueOf(body, 'millrace_commit_seconds_count')).toBe(
      valueOf(body, 'millrace_appends_total'),
    );
    expect(valueOf(body, 'millrace_deliveries_total')).toBeGreaterThanOrEqual(7);
    expect(body).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  test('says which port is taken', async () => {
    await start(createGate());
    const port = Number(new URL(running?.httpUrl ?? '').port);
    const second = createMillrace({ data: join(folder, 'second'), http: { port } });
    await expect(second.start()).rejects.toThrow(
      `http: cannot listen on 127.0.0.1:${port} (listen EADDRINUSE`,
    );
  });
});
