/**
 * Two groups count to each other in a real process that kills itself with SIGKILL, again and again, and is
 * started again on the same folder: every message has one effect, in order. `SEEDS=100` for more.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toConfig } from '../../src/config.ts';
import { openReader } from '../../src/openReader.ts';
import { crashesOf } from '../kit/crashPlan.ts';
import type { Crash } from '../kit/crashPlan.ts';
import { lastCount, pair } from '../kit/pairActor.ts';
import { transpiled } from '../kit/transpiled.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const count = Number(process.env['SEEDS'] ?? 4);
/** Kills of one pair. */
const kills = 5;
/** A child that has not ended by then hangs. */
const hangsAfterMs = 30_000;

/** Of all seeds: the points that one names may be such as a pair never comes by. */
let killedInAll = 0;

let program = '';
let remove = (): void => undefined;
beforeAll(() => {
  const built = transpiled(root, ['test/kit']);
  program = built.program(fileURLToPath(new URL('../kit/pairHost.ts', import.meta.url)));
  ({ remove } = built);
}, 60_000);
afterAll(() => {
  remove();
});

/** One process over the folder; answers whether it killed itself, rejects when it neither did nor ended well. */
async function host(folder: string, lateMs: number, crash?: Crash): Promise<boolean> {
  const child = spawn(process.execPath, [program, JSON.stringify({ folder, lateMs, crash })], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: hangsAfterMs,
    killSignal: 'SIGTERM',
  });
  await once(child, 'close');
  if (child.exitCode === 0) return false;
  if (child.signalCode === 'SIGKILL' && crash !== undefined) return true;
  throw new Error(`the process ended with ${String(child.signalCode ?? child.exitCode)}`);
}

test.each(Array.from({ length: count }, (_, seed) => seed))(
  'seed %d: the count is whole, whatever points the process is killed at',
  { timeout: (kills + 1) * hangsAfterMs },
  async (seed) => {
    const folder = mkdtempSync(join(tmpdir(), `millrace-pair-${seed}-`));
    const crashes = Array.from({ length: kills }, (_, n) => crashesOf(seed + 31 * n)).flat();
    let killed = 0;
    for (const crash of crashes.slice(0, kills)) {
      if (await host(folder, killed * 60_000, crash)) killed += 1;
    }
    await host(folder, killed * 60_000);
    const reader = await openReader(toConfig({ actors: [pair], data: folder }));
    const all = Array.from({ length: lastCount }, (_, n) => n + 1);
    expect(await reader.query('a', 'got')).toEqual(all.filter((n) => n % 2 === 0));
    expect(await reader.query('b', 'got')).toEqual(all.filter((n) => n % 2 === 1));
    for (const id of ['a', 'b']) expect((await reader.verify(id)).difference).toBeUndefined();
    await reader.close();
    killedInAll += killed;
    rmSync(folder, { recursive: true, force: true });
  },
);

test('processes were killed', () => {
  expect(killedInAll).toBeGreaterThan(0);
});
