/** What `start` asks for on a terminal: in its own code, and on a terminal as a person has it. */
import { PassThrough } from 'node:stream';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { askForArgs } from '../../src/cli/prompts.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { fixture, main, on, start } from './kit.ts';

const kind = {
  args: [
    { name: 'host', desc: 'which host', isRequired: true },
    { name: 'dir', desc: '', isRequired: true },
    { name: 'wait', desc: 'seconds', isRequired: false, default: '60' },
    { name: 'note', desc: '', isRequired: false, default: '' },
  ],
};

/** What comes of these lines, and all that was said. */
async function typed(given: Record<string, string>, text: string) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let said = '';
  output.on('data', (chunk: unknown) => (said += String(chunk)));
  input.end(text);
  const args = await askForArgs(kind, new Map(Object.entries(given)), {
    dialog: { input, output },
    command: (all) => `start it ${[...all].map((pair) => pair.join('=')).join(' ')}`,
  });
  return { args: args && Object.fromEntries(args), said };
}

describe('the args that are asked for', () => {
  test('are all, where none is given; a required one until there is something', async () => {
    const { args, said } = await typed({}, 'h-1\n\n \n/x\n\nlater\nno\nok\n');
    expect(args).toEqual({ host: 'h-1', dir: '/x', note: 'later' });
    expect(said).toBe(
      [
        '# which host (required)\nhost=# (required)\ndir=dir=dir=# seconds (default: 60)\n',
        'wait=# (default: none)\nnote=\n# start it host=h-1 dir=/x note=later\n',
        'Type "ok" to start it: Type "ok" to start it: ',
      ].join(''),
    );
  });

  test('are the required ones that are missing, where some are given', async () => {
    const { args, said } = await typed({ host: 'h-1' }, '/x\nOK\n');
    expect(args).toEqual({ host: 'h-1', dir: '/x' });
    expect(said).not.toContain('wait=');
  });

  test('are none where nothing is missing: then nothing is asked', async () => {
    const { args, said } = await typed({ host: 'h-1', dir: '/x' }, '');
    expect([args, said]).toEqual([{ host: 'h-1', dir: '/x' }, '']);
  });

  test.each(['', 'h-1\n', 'h-1\n/x\n\n\n', 'h-1\n/x\n\n\nno\n'])(
    'come to nothing where the input ends after %j',
    async (text) => {
      expect((await typed({}, text)).args).toBeUndefined();
    },
  );
});

const folder = tempFolder();

/** `millrace start …` on a terminal on which this is typed. */
async function onTerminal(args: readonly string[], input: string) {
  const line = ['node', main, '--config', fixture, '--data', join(folder, 'data'), ...args];
  const env = { NO_COLOR: '1', TERM: 'dumb' };
  return execa('script', ['-qec', line.join(' '), '/dev/null'], { reject: false, input, env });
}

test('on a terminal start asks; elsewhere it says what is missing', async () => {
  const host = on(join(folder, 'data'))('up');
  await expect.poll(async () => (await on(join(folder, 'data'))('status')).exitCode).toBe(0);
  const asked = await onTerminal(['start', 'mends'], `${folder}\nhi\nok\n`);
  expect(asked.stdout).toContain('# (required)');
  expect(asked.stdout).toContain('# (default: hello)');
  expect(asked.stdout).toContain(`start mends dir=${folder} word=hi`);
  expect(asked.stdout).toMatch(/started [0-9a-z]{26}/);
  expect(asked.exitCode).toBe(0);
  const ended = await onTerminal(['start', 'mends'], '\u0004');
  expect([ended.exitCode, ended.stdout]).toEqual([
    2,
    expect.stringContaining('Nothing was started.'),
  ]);
  const piped = await on(join(folder, 'data'))('start', 'mends');
  expect([piped.exitCode, piped.stderr]).toEqual([2, expect.stringContaining('dir is missing')]);
  host.kill('SIGTERM');
  await host;
}, 120_000);

describe('help', () => {
  test('of a request lists its args', async () => {
    const { exitCode, stdout } = await start(['--config', fixture, 'help', 'gate']);
    expect([exitCode, stdout]).toEqual([
      0,
      'gate request args (* required)\n* dir\n  stubborn  (default: false)',
    ]);
  });

  test('of a command is its help', async () => {
    const { exitCode, stdout } = await start(['help', 'find']);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Usage: millrace find')]);
    const all = await start(['help']);
    expect([all.exitCode, all.stdout]).toEqual([0, expect.stringContaining('retry')]);
  });

  test('of anything else is refused with what was meant', async () => {
    const { exitCode, stderr } = await start(['--config', fixture, 'help', 'gaet']);
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining('no command and no request "gaet" (did you mean "gate"?)'),
    ]);
  });
});
