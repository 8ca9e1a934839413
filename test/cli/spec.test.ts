/** `millrace spec …` as a user runs it: what is told of spec files, and what it exits with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { tempFolder } from '../kit/tempFolder.ts';
import { start } from './kit.ts';

const folder = tempFolder();
const good = `sequences:
  restart:
    request: true
    nodes: {n: {category: job, type: t, args: []}}
  helper:
    nodes: {n: {category: job, type: t}}
`;

function write(name: string, text: string): void {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
}

const check = (...args: string[]) => start(['spec', 'check', ...args], folder);

beforeAll(() => {
  write('good/a.yaml', good);
  write('good/deep/er/B.YAML', 'sequences: {other: {nodes: {n: {category: job, type: t}}}}');
  write('good/ignored.yml', 'not: [yaml');
  write('warned/a.yaml', good.replace('args: []', 'arg: []'));
  write('bad/a.yaml', good.replace('type: t, args: []', 'args: []'));
  write('bad/b.yaml', 'sequences: {other: {nodes: {m: {category: sequence, type: helpr}}}}');
  write('broken/a.yaml', good);
  write('broken/b.yaml', 'sequences: {b: [}');
  write('graph/a.yaml', `${good}  loop: {nodes: {n: {category: job, type: t, deps: [n]}}}`);
  write('empty/readme.txt', '');
});

describe('spec check', () => {
  test('of specs without a fault counts them and exits with 0', async () => {
    const { exitCode, stdout, stderr } = await check('good');
    expect([exitCode, stdout, stderr]).toEqual([
      0,
      'OK: 2 files, 3 sequences, 1 of them a request',
      '',
    ]);
  });

  test('tells every error with file and line, and exits with 1', async () => {
    const { exitCode, stdout } = await check('bad');
    expect(exitCode).toBe(1);
    expect(stdout.split('\n')).toEqual([
      `bad/a.yaml:4 error   restart › n: field 'type' missing: name the type of job, or the sequence that is called`,
      `bad/b.yaml:1 error   other › m: invalid value "helpr" in field 'type', expected the name of a sequence (did you mean "helper"?)`,
      '',
      '2 errors, 0 warnings',
      'Dependencies and args between nodes were not checked: mend these first.',
    ]);
  });

  test('of one bad file among good ones tells of that one', async () => {
    const { exitCode, stdout } = await check('broken');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^broken\/b\.yaml:1 error {3}it is no YAML: /);
    expect(stdout).not.toContain('a.yaml');
  });

  test('lets warnings pass, unless it is strict', async () => {
    const lax = await check('warned');
    expect(lax.exitCode).toBe(0);
    expect(lax.stdout).toContain(
      `warned/a.yaml:4 warning restart › n: there is no field 'arg' (did you mean "args"?); it is ignored`,
    );
    expect(lax.stdout).toContain('\nOK: ');
    expect((await check('warned', '--strict')).exitCode).toBe(1);
    const silent = await check('warned', '--no-warnings', '--strict');
    expect([silent.exitCode, silent.stdout]).toEqual([
      0,
      'OK: 1 file, 2 sequences, 1 of them a request',
    ]);
  });

  test('--sequences tells of these alone, and fails for a name that there is not', async () => {
    expect((await check('graph')).exitCode).toBe(1);
    expect((await check('graph', '--sequences', 'restart,helper')).exitCode).toBe(0);
    const unknown = await check('graph', '--sequences', 'restrat');
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      1,
      'error: no sequence has the name "restrat" (did you mean "restart"?)',
    ]);
  });

  test('fails where there are no specs, and where there is no folder', async () => {
    const empty = await check('empty');
    expect([empty.exitCode, empty.stderr]).toEqual([
      1,
      'error: there are no specs; a spec file ends in .yaml and has sequences',
    ]);
    const gone = await check('gone');
    expect(gone.exitCode).toBe(2);
    expect(gone.stderr).toContain('error: gone cannot be read: ');
  });

  test('--json prints the problems as one document', async () => {
    const { exitCode, stdout } = await check('bad', 'good', '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ files: 4, failedAt: 'parse' });
    expect(JSON.parse((await check('bad', '--json')).stdout)).toEqual({
      files: 2,
      sequences: ['restart', 'helper', 'other'],
      failedAt: 'static',
      problems: [
        expect.objectContaining({ file: 'bad/a.yaml', line: 4, kind: 'missing', field: 'type' }),
        expect.objectContaining({ file: 'bad/b.yaml', line: 1, values: ['helpr'], level: 'error' }),
      ],
    });
  });
});
