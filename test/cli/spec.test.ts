/** `millrace spec …` as a user runs it: what is told of spec files, and what it exits with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { tempFolder } from '../kit/tempFolder.ts';
import { root, start } from './kit.ts';

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

describe('spec list and spec show', () => {
  const config = join(root, 'examples/deploy-app/millrace.config.ts');
  const millrace = (...args: string[]) =>
    start(['--config', config, ...args], join(root, 'examples'));

  test('list names the requests, and all sequences when asked', async () => {
    const requests = await millrace('spec', 'list', '--json');
    expect(JSON.parse(requests.stdout)).toMatchObject([{ name: 'deploy', request: true }]);
    const all = await millrace('spec', 'list', '--all');
    expect(all.exitCode).toBe(0);
    expect(all.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([
      ...['SEQUENCE', 'announce-version', 'deploy', 'deploy-and-probe', 'deploy-at-once'],
      'deploy-carefully',
    ]);
    expect(all.stdout).toContain('deploy-app/specs/deploy.yaml:4');
  });

  test('show tells args with a star where they are required, and what the nodes do', async () => {
    const { stdout } = await millrace('spec', 'show', 'deploy');
    expect(stdout.split('\n').slice(0, 8)).toEqual([
      'deploy  request in deploy-app/specs/deploy.yaml:4',
      '',
      'Args (* required)',
      '* app       What is deployed',
      '* version   Which version of it',
      '* hosts     Where, a list',
      '  env       production, staging, … (default: staging)',
      '  announce  yes or no (default: no)',
    ]);
    const called = await millrace('spec', 'show', 'deploy-carefully');
    expect(called.stdout).toContain(
      'hosts  sequence deploy-and-probe  hosts:host, 1 at a time  2, after 100ms',
    );
    const unknown = await millrace('spec', 'show', 'deplyo');
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      2,
      'error: no sequence has the name "deplyo" (did you mean "deploy"?); spec list --all shows them',
    ]);
  });

  test('graph draws the nodes of a spec, or with args the jobs of a request', async () => {
    const template = await millrace('graph', 'deploy-and-probe');
    expect(template.stdout).toBe(
      'flowchart TD\n  j0["install: job install"]\n  j1["probe: job probe"]\n  j0 --> j1',
    );
    const jobs = await millrace('graph', 'deploy', 'app=a', 'version=1', 'hosts=["x"]', '--json');
    expect((JSON.parse(jobs.stdout) as { name: string }[]).map(({ name }) => name)).toContain(
      'conditional_deploy_begin',
    );
  });

  test('completion knows requests, their args, and sequences', async () => {
    const complete = async (...words: string[]) => {
      const { stdout } = await start(['__complete', '--', '--config', config, ...words]);
      return stdout.split('\n').map((line) => line.split('\t')[0]);
    };
    expect(await complete('run', '')).toEqual(['deploy']);
    expect(await complete('run', 'deploy', 'a')).toEqual(['app=', 'announce=']);
    expect(await complete('spec', 'show', 'deploy-a')).toEqual([
      'deploy-at-once',
      'deploy-and-probe',
    ]);
  });

  test('a configuration without specs says how to name some', async () => {
    const { exitCode, stderr } = await start(['spec', 'list'], folder);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('the configuration names no request specs');
  });

  test('a configuration whose specs have errors says the first ones', async () => {
    write('millrace.config.ts', `export default { specs: 'bad' };`);
    const { exitCode, stderr } = await start(['run', 'restart'], folder);
    expect(exitCode).toBe(5);
    expect(stderr).toBe(
      `error: bad/a.yaml:4: sequence "restart": node "n": field 'type' missing: name the type of job, or the sequence that is called
bad/b.yaml:1: sequence "other": node "m": invalid value "helpr" in field 'type', expected the name of a sequence (did you mean "helper"?)
mend the specs; millrace spec check ${join(folder, 'bad')} tells everything`,
    );
  });
});
