/** Isolated jobs: the same as in the worker's process, in one that may do what it likes. */
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { JobDefinition } from '../../src/definitions.ts';
import type { AttemptStart, OutputSignal } from '../../src/protocol/attempts.ts';
import { eventually } from '../kit/eventually.ts';
import { builtOf, leftOf, openChildren } from './childKit.ts';
import { everything, jobs, noJson } from './fixtures/isolatedJobs.ts';
import { openKit } from './kit.ts';

const isolation = {
  program: builtOf('src/isolated.ts'),
  source: { definitions: pathToFileURL(builtOf('test/worker/fixtures/isolatedJobs.ts')).href },
};
const all: JobDefinition[] = [everything, noJson, ...jobs];

async function open(graceMs = 10_000) {
  const children = openChildren({ graceMs, execArgv: ['--max-old-space-size=40'] });
  const outputs: OutputSignal[] = [];
  const kit = await openKit(all, {
    graceMs,
    processes: { children, isolation },
    onOutput: (signal) => void outputs.push(signal),
  });
  const answered = async () => {
    await eventually(() => {
      expect(kit.answers).not.toEqual([]);
    }, 25_000);
    const [answer] = kit.answers;
    return { type: answer?.type, ...answer?.body };
  };
  const ready = () =>
    eventually(() => {
      expect(outputs).toMatchObject([{ text: 'ready\n' }]);
    }, 20_000);
  return { ...kit, children, answered, ready };
}

async function run(jobType: string, more: Partial<AttemptStart> = {}) {
  const kit = await open();
  await kit.give({ jobType, ...more });
  return { ...(await kit.answered()), statuses: kit.statuses };
}

describe('an isolated job', () => {
  test('is given what it would be given here, and what it prints is kept', async () => {
    const { statuses, ...answer } = await run('everything', {
      args: { at: '2026-01-01' },
      data: [{ from: 'above' }],
      results: { 'no-json': [1, null] },
    });
    expect(answer).toEqual({
      ...{ type: 'attempt.succeeded', key: 'k', attempt: 1, exit: 0 },
      ...{ stdout: 'printed\n', stderr: 'complained\n' },
      data: { from: 'above', more: JSON.parse('{"__proto__":1}') },
      result: {
        ...{ year: 2026, from: 'above', others: [1, null] },
        ...{ attemptKey: 'r/a/1', jobKey: 'r/a' },
      },
    });
    expect(statuses.at(-1)).toMatchObject({ text: 'at it' });
  });

  test.each<[string, object]>([
    ['no-json', { reason: 'result.at is a Date; return JSON only', exit: 0 }],
    ['throws', { reason: expect.stringMatching(/^RangeError: as it does\n.*isolatedJobs/) }],
    ['later', { retryAfterMs: 5 }],
    ['gives-up', { type: 'attempt.stopped', exit: 0 }],
    ['exits', { reason: 'before it answered, its process exited with code 0' }],
    ['dies', { reason: 'before it answered, its process was ended by SIGKILL', exit: 'SIGKILL' }],
    ['strays', { exit: 1, stderr: expect.stringContaining('Error: from nowhere') }],
    ['eats', { exit: 'SIGABRT', stderr: expect.stringContaining('heap out of memory') }],
    ['lingers', { type: 'attempt.succeeded', result: 'done' }],
    ['lies', { type: 'attempt.succeeded', result: 'true\n' }],
  ])('that %s', async (jobType, answer) => {
    expect(await run(jobType)).toMatchObject({ type: 'attempt.failed', ...answer });
  });

  test('with args that do not fit has failed for good', async () => {
    expect(await run('everything', { args: {} })).toMatchObject({ final: true });
  });

  test.each(['Stopped', 'TimeoutError'])('hears why it is to end: %s', async (why) => {
    const kit = await open();
    await kit.give({ jobType: 'listens', timeoutMs: 60_000 });
    await kit.ready();
    if (why === 'Stopped') await kit.cancel('r/a/1');
    else await kit.advance(60_000);
    const type = why === 'Stopped' ? 'attempt.stopped' : 'attempt.failed';
    expect(await kit.answered()).toMatchObject({ type, data: { why }, exit: 0 });
  });

  test('that does not end is killed after the grace, with all that it started', async () => {
    const kit = await open(300);
    await kit.give({ jobType: 'deaf', timeoutMs: 60_000 });
    await kit.ready();
    await kit.advance(60_000);
    expect(await kit.answered()).toMatchObject({
      reason: 'timed out after 60000 ms and ignored its signal for 300 ms; its process was killed',
      exit: 'SIGKILL',
    });
    expect(kit.worker.running()).toBe(0);
    expect(await leftOf(kit.children.mark)).toEqual([]);
  });
});
