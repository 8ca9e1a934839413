/**
 * A real process kills itself with SIGKILL at a named crash point and is started again on the same folder:
 * every chain ends right, and no result is lost or recorded twice. `SEEDS=1000` for more, `SEED=n` for one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chainsOf } from '../kit/crashChain.ts';
import { allKilled, isWatchdogKilled, judgeChildren } from '../kit/crashChildren.ts';
import { judgeEnd, judgeKill } from '../kit/crashJudge.ts';
import type { AtKill } from '../kit/crashJudge.ts';
import { allSites, crashesOf, crashPoints } from '../kit/crashPlan.ts';
import type { Crash } from '../kit/crashPlan.ts';
import { transpiled } from '../kit/transpiled.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const one = process.env['SEED'];
const count = Number(process.env['SEEDS'] ?? 50);
const seeds = one === undefined ? Array.from({ length: count }, (_, seed) => seed) : [Number(one)];

/** Children at a time. */
const sideBySide = 3;
/** A child that has not ended by then hangs. */
const hangsAfterMs = 30_000;
/** Seeds are taken until so many have failed. */
const enoughFailures = 5;

const reached = new Map<string, number>();
const states = new Map<string, number>();
/** Starts that found children of a dead host. */
let reaps = 0;

type Run = { wasKilled: boolean };
/** `lateMs`: how much later its clock says that it is. */
type Orders = { seed: number; folder: string; lateMs: number; crash?: Crash };

let program = '';
let remove = (): void => undefined;
beforeAll(() => {
  const built = transpiled(root, ['test/kit']);
  program = built.program(fileURLToPath(new URL('../kit/crashHost.ts', import.meta.url)));
  remove = built.remove;
}, 60_000);
afterAll(() => {
  remove();
});

/** One process over the folder; rejects when it neither ends well nor kills itself. */
async function host(orders: Orders): Promise<Run> {
  const { crash } = orders;
  const child = spawn(process.execPath, [program, JSON.stringify(orders)], {
    stdio: ['ignore', 'inherit', 'pipe'],
    timeout: hangsAfterMs,
    killSignal: 'SIGTERM',
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  await once(child, 'close');
  const { exitCode, signalCode } = child;
  const wasKilled = signalCode === 'SIGKILL' && crash !== undefined;
  if ((exitCode === 0 || wasKilled) && complaints === '') return { wasKilled };
  throw new Error(
    `the process ended with ${String(signalCode ?? exitCode)} and said: ${complaints}`,
  );
}

/** Kills, restarts and judges; answers what was found wrong. */
async function trial(seed: number): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), `millrace-kill-${seed}-`));
  const crashes = crashesOf(seed);
  // For every other seed a process starts a minute after the one before it, by its clock.
  const afterMs = Math.floor(seed / crashPoints.length) % 2 === 0 ? 60_000 : 0;
  try {
    const kills: AtKill[] = [];
    for (const crash of crashes) {
      const lateMs = kills.length * afterMs;
      if (!(await host({ seed, folder, lateMs, crash })).wasKilled) break;
      add(reached, crash.site);
      kills.push(await judgeKill(folder));
      if (!isWatchdogKilled(seed) && kills.length === 1) await allKilled(folder);
    }
    if (kills.length === crashes.length) {
      await host({ seed, folder, lateMs: kills.length * afterMs });
    }
    reaps += judgeChildren(folder);
    for (const state of await judgeEnd(folder, chainsOf(seed), kills)) add(states, state);
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  } catch (error) {
    const sites = crashes.map(({ site, nth }) => `${site} #${nth}`).join(', then ');
    return `SEED=${seed} (${sites}), kept in ${folder}: ${String(error)}`;
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

async function takeFrom(queue: number[], failures: string[]): Promise<void> {
  for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
    if (failures.length >= enoughFailures) return;
    const failure = await trial(seed);
    if (failure !== undefined) failures.push(failure);
  }
}

const timeout = 60_000 + seeds.length * 10_000;

test('whatever point a process is killed at, its chains end right', { timeout }, async () => {
  const failures: string[] = [];
  const queue = [...seeds];
  await Promise.all(Array.from({ length: sideBySide }, () => takeFrom(queue, failures)));
  expect(failures.join('\n')).toBe('');
});

test.skipIf(seeds.length < 50)('every crash point was reached, and every end', () => {
  // With few seeds a site's turn comes once, and its n-th time may not.
  const wanted = seeds.length < 200 ? crashPoints : allSites;
  const missed = wanted.filter(
    (name) => ![...reached.keys()].some((site) => site.startsWith(name)),
  );
  expect(missed).toEqual([]);
  expect(reaps).toBeGreaterThan(0);
  expect([...states.keys()].sort()).toEqual(['COMPLETE', 'FAIL', 'STOPPED']);
});
