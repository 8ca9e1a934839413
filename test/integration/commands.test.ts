/** Programs that stand in request specs, from a spec's text to what they leave behind; and specs that change under a host. */
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createMillrace, defineJob } from '../../src/index.ts';
import type { Client, Millrace, MillraceOptions } from '../../src/index.ts';
import { root } from '../cli/kit.ts';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const folder = realpathSync(tempFolder());
/** Node reads no TypeScript by itself. */
const ports = { execArgv: ['--import', join(root, 'test/kit/tsLoader.mjs')] };
let millrace: Millrace | undefined;
let count = 0;

const seen: { data: unknown; results: unknown }[] = [];
const keep = defineJob({
  type: 'keep',
  args: z.unknown(),
  run: ({ data, resultsOf }) => {
    const command = { type: 'command' } as Parameters<typeof resultsOf>[0];
    // A copy: what is kept is what was there.
    seen.push(structuredClone({ data, results: resultsOf(command) }));
  },
});

/** Hosts one spec, and answers with a client of it. */
async function hosting(text: string, options: MillraceOptions = {}): Promise<Client> {
  count += 1;
  const specs = join(folder, `specs-${count}`);
  mkdirSync(specs);
  writeFileSync(join(specs, 'r.yaml'), text);
  const data = join(folder, `data-${count}`);
  millrace = createMillrace({ specs, data, commands: true, jobs: [keep], ...options }, ports);
  await millrace.start();
  return millrace.client;
}

async function run(text: string, args: object = {}) {
  const request = await (await hosting(text)).start('r', args);
  await request.finished();
  return request.status();
}

const request = (command: string): string => `sequences:
  r:
    request: true
    args: {optional: [{name: word, default: w}, {name: list, default: l}]}
    nodes:
      c:
        category: job
        type: command
        args: [{expected: word}, {expected: list}]
${command}
      last: {category: job, type: keep, deps: [c]}`;

const script = (code: string): string =>
  `run: [node, --eval, '${code}', '\${word}', '\${list}', '$\${word}']`;

afterEach(async () => {
  await millrace?.stop();
  millrace = undefined;
  seen.length = 0;
});

describe('a program of a spec', () => {
  test('is given args as they are, whatever they hold, and no shell reads them', async () => {
    const word = '$(touch x); `y` "z" \'q\' ${word} *\n';
    const code = 'console.log(JSON.stringify(process.argv.slice(1)))';
    const { state } = await run(request(`        ${script(code)}`), {
      word,
      list: [1, { a: null }],
    });
    expect(state).toBe('COMPLETE');
    expect(seen).toEqual([{ data: {}, results: [[word, '[1,{"a":null}]', '${word}']] }]);
  });

  test('runs in the folder and with the variables that the spec says', async () => {
    const code =
      'console.log(JSON.stringify({ cwd: process.cwd(), v: process.env.V, p: !!process.env.PATH }))';
    mkdirSync(join(folder, 'here'));
    const place = `        cwd: ${folder}/\${word}\n        env: {V: "v-\${word}", E: ""}`;
    expect((await run(request(`        ${script(code)}\n${place}`), { word: 'here' })).state).toBe(
      'COMPLETE',
    );
    expect(seen[0]?.data).toEqual({ cwd: join(folder, 'here'), v: 'v-here', p: true });
  });

  test('passes on an object that it prints as JSON, __proto__ as any key', async () => {
    const { state } = await run(request(`        run: [echo, '{"a": 1, "__proto__": {"b": 2}}']`));
    expect(state).toBe('COMPLETE');
    expect(JSON.stringify(seen)).toBe(
      '[{"data":{"a":1,"__proto__":{"b":2}},"results":[{"a":1,"__proto__":{"b":2}}]}]',
    );
    expect(({} as Record<string, unknown>)['b']).toBeUndefined();
  });

  test('that prints something else passes on nothing', async () => {
    expect((await run(request('        run: [echo, hello]'))).state).toBe('COMPLETE');
    expect(seen).toEqual([{ data: {}, results: [null] }]);
  });

  test.each([
    ['exits with 3', '        run: [sh, -c, "echo no disk >&2; exit 3"]', 'no disk'],
    ['does not exist', '        run: [no-such-program]', 'there is no program no-such-program'],
    [
      'takes longer than its time-out',
      '        run: [sleep, "30"]\n        timeout: 100ms',
      'timed out after 100 ms',
    ],
    [
      'has a folder that is not there',
      '        run: [ls]\n        cwd: /no/where',
      'its folder /no/where does not exist',
    ],
  ])('that %s fails', async (_, command, reason) => {
    const status = await run(request(command));
    expect(status.state).toBe('FAIL');
    expect(JSON.stringify(status)).toContain(reason);
  });

  test('is tried again when the spec says so', async () => {
    const mark = join(folder, 'tried');
    const command = `        run: [sh, -c, 'test -e "$0" || { touch "$0"; exit 1; }', '${mark}']\n        retry: 1`;
    expect((await run(request(command))).state).toBe('COMPLETE');
  });

  test('can be asked for in a file that is changed while it is hosted', async () => {
    const client = await hosting(request('        run: [echo, one]'));
    const file = join(folder, `specs-${count}`, 'more.yaml');
    await expect(client.start('late', {})).rejects.toThrow('no chain has the type "late"');
    writeFileSync(file, request('        run: [echo, two]').replace('  r:', '  late:'));
    let id = '';
    await eventually(async () => {
      ({ id } = await client.start('late', {}));
    }, 20_000);
    expect((await client.request(id).finished()).state).toBe('COMPLETE');
  });

  test('cannot be asked for where the configuration does not allow programs', async () => {
    const client = await hosting(request('        run: [ls]'), { commands: false });
    await expect(client.start('r', {})).rejects.toThrow(
      'programs in specs are off; set commands: true in the configuration to allow them',
    );
  });
});
