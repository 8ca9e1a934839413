/** Completion: the script of bash as bash runs it, and what is offered where. */
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { tempFolder } from '../kit/tempFolder.ts';
import { fixture, idIn, main, on, start } from './kit.ts';

const data = join(tempFolder(), 'data');
const millrace = on(data);
let id = '';

beforeAll(async () => {
  id = idIn((await millrace('run', 'quick')).stdout);
}, 60_000);

/** What bash would offer for this line, as its own function computes it. */
async function offered(line: string): Promise<string[]> {
  const script = `
    millrace() { node "${main}" "$@"; }
    compopt() { echo "no blank"; }
    source <(millrace completion bash)
    COMP_LINE="$1" COMP_POINT=\${#1}
    _millrace
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await execa('bash', ['-c', script, 'bash', line]);
  return stdout.split('\n');
}

test.each([
  ['millrace sho', ['show']],
  ['millrace tracker r', ['rebuild']],
  ['millrace status --j', ['--json']],
  ['millrace --config x status --l', ['--limit']],
  [`millrace --config ${fixture} run qu`, ['quick']],
  ['millrace find state=fail,stopp', ['fail,stopping', 'fail,stopped']],
  ['millrace completion ', ['bash', 'zsh', 'fish']],
  ['millrace run --config ', ['']],
  ['millrace rnu ', ['']],
])('%s', async (line, candidates) => {
  expect(await offered(line)).toEqual(candidates);
});

test('args of the chain are offered with no blank after them', async () => {
  const flags = `--config ${fixture}`;
  expect(await offered(`millrace ${flags} run quick la`)).toEqual(['no blank', 'label=']);
});

test('ids and jobs are those of the store', async () => {
  expect(await offered(`millrace --data ${data} show `)).toEqual(['last', id]);
  expect(await offered(`millrace --data ${data} log last quick-job-`)).toEqual(
    [1, 2, 3].map((n) => `quick-job-${n}`),
  );
});

test('a shell that there is no script for is refused', async () => {
  const { exitCode, stderr } = await start(['completion', 'bahs']);
  expect(stderr).toBe(
    'error: there is no completion for "bahs" (did you mean "bash"?); there is for bash, zsh, fish',
  );
  expect(exitCode).toBe(2);
});
