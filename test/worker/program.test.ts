/** Jobs that are programs: what is started, what is kept of it, and how it is made to end. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../src/adapters/systemClock.ts';
import { defineJob, RetryAfter, Stopped } from '../../src/definitions.ts';
import type { JobDefinition, ProgramOptions } from '../../src/definitions.ts';
import type { AttemptStart, OutputSignal } from '../../src/protocol/attempts.ts';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { leftOf, openChildren } from './childKit.ts';
import type { OpenOptions } from './childKit.ts';
import { openKit } from './kit.ts';

const folder = tempFolder();

type More = Partial<ProgramOptions<z.ZodType, unknown>>;

function program(argv: readonly unknown[], more: More = {}): JobDefinition {
  const command = (): string[] => argv as string[];
  return defineJob({ type: 'work', args: z.unknown(), command, ...more });
}

const sh = (script: string, more?: More): JobDefinition => program(['sh', '-c', script], more);

/** A worker in real time that runs one program. */
async function openOne(job: JobDefinition, options: OpenOptions = {}) {
  const children = openChildren(options);
  const outputs: OutputSignal[] = [];
  const kit = await openKit([job], {
    clock: systemClock,
    processes: { children, isolation: { program: '', source: {} } },
    graceMs: options.graceMs ?? 10_000,
    onOutput: (signal) => void outputs.push(signal),
  });
  const answered = async () => {
    await eventually(() => {
      expect(kit.answers).not.toEqual([]);
    }, 25_000);
    const [answer] = kit.answers;
    return { type: answer?.type, ...answer?.body };
  };
  const run = async (more: Partial<AttemptStart> = {}) => {
    await kit.give(more);
    return answered();
  };
  return { ...kit, children, outputs, answered, run };
}

async function run(job: JobDefinition, more?: Partial<AttemptStart>) {
  return (await openOne(job)).run(more);
}

describe('a program', () => {
  test('is started with the list of its command, and no shell reads it', async () => {
    const job = defineJob({
      type: 'work',
      args: z.object({ name: z.string().transform((name) => `${name}!`) }),
      command: ({ args, jobKey, attempt, data }) => [
        ...['printf', '%s|'],
        ...[args.name, jobKey, String(attempt), String(data['from']), '$HOME; `id`'],
      ],
      result: ({ stdout, exit }, { jobId }) => ({ stdout, exit, jobId }),
    });
    const text = 'it!|r/a|1|above|$HOME; `id`|';
    expect(await run(job, { args: { name: 'it' }, data: [{ from: 'above' }] })).toEqual({
      ...{ type: 'attempt.succeeded', key: 'k', attempt: 1 },
      ...{ exit: 0, stdout: text, result: { stdout: text, exit: 0, jobId: 'a' } },
    });
  });

  test('has this process’s environment and what is added to it, in its folder', async () => {
    const job = sh('echo "$PATH $ADDED"; pwd; cat; echo error >&2', {
      cwd: folder,
      env: { ADDED: 'more' },
    });
    expect(await run(job)).toMatchObject({
      type: 'attempt.succeeded',
      stdout: `${process.env['PATH']} more\n${folder}\n`,
      stderr: 'error\n',
    });
  });

  test('that exits otherwise has failed, for what it said last', async () => {
    expect(await run(sh('echo out; for n in 1 2 3 4; do echo line $n >&2; done; exit 7'))).toEqual({
      ...{ type: 'attempt.failed', key: 'k', attempt: 1, exit: 7, stdout: 'out\n' },
      stderr: 'line 1\nline 2\nline 3\nline 4\n',
      reason: 'sh exited with code 7\nline 2\nline 3\nline 4',
    });
    expect(await run(sh('kill -9 $$'))).toMatchObject({
      ...{ exit: 'SIGKILL', reason: 'sh was ended by SIGKILL' },
    });
  });

  test('that cannot be started fails its attempt, saying why', async () => {
    writeFileSync(join(folder, 'plain'), 'text', { mode: 0o644 });
    const missing = join(folder, 'missing');
    const cases: [JobDefinition, string][] = [
      [program(['no-such-program']), 'there is no program no-such-program'],
      [program(['ls'], { cwd: missing }), `ls: its folder ${missing} does not exist`],
      [program([join(folder, 'plain')]), `${folder}/plain may not be executed, or is no program`],
      [program([]), 'command gave no program; it must return a list, the program first'],
      [program(['ls', 5]), 'command gave a value of type number as argument 1'],
      [program(['ls', 'a\0b']), 'command gave a text with a NUL byte as argument 1'],
      [
        program(['true', 'x'.repeat(5_000_000)]),
        'true: its arguments have 5000000 bytes, more than the system takes; write them to a file and pass its name',
      ],
    ];
    for (const [job, reason] of cases) {
      expect(await run(job)).toEqual({ type: 'attempt.failed', key: 'k', attempt: 1, reason });
    }
  });

  test('may be refused by its command, or judged by its result, as by a handler', async () => {
    const later = program([], {
      command() {
        throw new RetryAfter('the disk is full', 500);
      },
    });
    expect(await run(later)).toMatchObject({
      ...{ type: 'attempt.failed', retryAfterMs: 500 },
    });
    const stops = sh('echo nothing', {
      result() {
        throw new Stopped('nothing to do');
      },
    });
    expect(await run(stops)).toMatchObject({ type: 'attempt.stopped', stdout: 'nothing\n' });
    const date = sh('true', { result: () => new Date() });
    expect((await run(date)) as object).toHaveProperty(
      'reason',
      'result is a Date; return JSON only',
    );
  });

  test('that prints no text is kept as text', async () => {
    const job = sh(`printf 'a\\0b\\377c\\303'`);
    expect(await run(job)).toMatchObject({ stdout: 'ab\uFFFDc\uFFFD' });
  });

  test('that prints 100 MB costs neither memory nor journal, and stalls nobody', async () => {
    const delay = monitorEventLoopDelay({ resolution: 5 });
    const before = process.memoryUsage().rss;
    const one = await openOne(sh(`head -c 100000000 /dev/zero | tr '\\0' 'x'; echo END`));
    delay.enable();
    const { stdout } = (await one.run()) as { stdout?: string };
    delay.disable();
    // On a quiet machine 20 ms; to read 100 MB at once takes longer.
    expect(delay.percentile(90) / 1e6).toBeLessThan(50);
    expect(stdout).toMatch(/^x{4096}\n… 99967236 bytes left out …\nx+END\n$/);
    expect(Buffer.byteLength(stdout ?? '')).toBeLessThan(33_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
    expect(one.outputs.every(({ text }) => text.length <= 8192)).toBe(true);
    expect(one.outputs.some(({ skipped = 0 }) => skipped > 0)).toBe(true);
  });

  test('is followed while it runs, and its last line is its status', async () => {
    const go = join(folder, 'go');
    const one = await openOne(
      sh(`echo first; while [ ! -e ${go} ]; do sleep 0.01; done; echo last`),
    );
    await one.give();
    await eventually(() => {
      expect(one.outputs).toMatchObject([{ jobId: 'a', stream: 'stdout', text: 'first\n' }]);
      expect(one.statuses).toMatchObject([{ attempt: 1, text: 'first' }]);
    });
    expect(one.answers).toEqual([]);
    writeFileSync(go, '');
    await one.answered();
    expect(one.outputs.map(({ text }) => text).join('')).toBe('first\nlast\n');
  });
});

describe('the end of a program', () => {
  /** Ignores SIGTERM, as does what it starts, inside its group and outside. */
  const stubborn = (name: string): string => {
    const pids = join(folder, name);
    return [
      `trap '' TERM`,
      `sh -c 'trap "" TERM; echo inside $$ >> ${pids}; while :; do sleep 0.1; done' &`,
      `setsid sh -c 'trap "" TERM; echo outside $$ >> ${pids}; while :; do sleep 0.1; done' &`,
      `touch ${pids}; while [ "$(wc -l < ${pids})" != 2 ]; do sleep 0.01; done`,
      'echo ready; while :; do sleep 0.1; done',
    ].join('\n');
  };

  test('told to stop and deaf, it is killed after the grace with all that it started', async () => {
    const one = await openOne(sh(stubborn('deaf')), { graceMs: 200 });
    await one.give();
    await eventually(() => {
      expect(one.outputs).toMatchObject([{ text: 'ready\n' }]);
    });
    expect((await leftOf(one.children.mark)).length).toBeGreaterThan(3);
    await one.cancel('r/a/1');
    expect(await one.answered()).toMatchObject({ type: 'attempt.stopped', exit: 'SIGKILL' });
    expect(await leftOf(one.children.mark)).toEqual([]);
  });

  test('timed out, it is killed and has failed', async () => {
    const one = await openOne(sh(stubborn('late')), { graceMs: 100 });
    expect(await one.run({ timeoutMs: 300 })).toMatchObject({
      ...{ type: 'attempt.failed', reason: 'timed out after 300 ms', exit: 'SIGKILL' },
    });
    expect(await leftOf(one.children.mark)).toEqual([]);
    expect(one.worker.running()).toBe(0);
  });

  test('told to stop, it and what it started may end in their own time', async () => {
    const done = join(folder, 'done');
    const script = `
      sh -c 'trap "sleep 0.2; touch ${done}; exit" TERM; echo ready; while :; do sleep 0.01; done' &
      wait`;
    const one = await openOne(sh(script));
    await one.give();
    await eventually(() => {
      expect(one.outputs).toHaveLength(1);
    });
    await one.cancel('r/a/1');
    expect(await one.answered()).toMatchObject({ type: 'attempt.stopped', exit: 'SIGTERM' });
    expect(existsSync(done)).toBe(true);
  });

  test('what it leaves running in its group goes with it, and holds nothing up', async () => {
    const one = await openOne(sh('sleep 1000 & echo done'));
    expect(await one.run()).toMatchObject({ type: 'attempt.succeeded', stdout: 'done\n' });
    expect(await leftOf(one.children.mark)).toEqual([]);
  });

  test('the worker’s end is its end', async () => {
    const one = await openOne(sh(stubborn('end')), { graceMs: 100 });
    await one.give();
    await eventually(() => {
      expect(one.outputs).toHaveLength(1);
    });
    await one.worker.stop();
    await one.children.stop();
    expect(await leftOf(one.children.mark)).toEqual([]);
    expect(one.answers).toEqual([]);
  });
});

test('two hundred programs leave no descriptor open', async () => {
  const count = (): number => readdirSync('/dev/fd').length;
  const one = await openOne(program(['true']));
  await one.run();
  const before = count();
  const ids = Array.from({ length: 200 }, (_, n) => `j${n}`);
  await Promise.all(ids.map((jobId) => one.give({ jobId, startId: `r/${jobId}/1` })));
  await eventually(() => {
    expect(one.answers).toHaveLength(201);
  }, 25_000);
  expect(new Set(one.types())).toEqual(new Set(['succeeded']));
  await eventually(() => {
    expect(count()).toBeLessThanOrEqual(before);
  });
});
