/** A host with its API on a port of its own, some chains to ask for, and whoever asks. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { z } from 'zod';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { Millrace, MillraceOptions } from '../../src/index.ts';
import { createGate } from '../control/kit.ts';

export type Answer = { status: number; headers: Headers; text: string; json: unknown };

export type Ask = (
  line: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>;

/** `ask('GET /api/v1/requests')`; a body that is no text is sent as JSON. */
export function asking(url: string): Ask {
  return async (line, body, headers = {}) => {
    const [method = '', path = ''] = line.split(' ');
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${url}${path}`, {
      ...{ method, headers },
      ...(text !== undefined && { body: text }),
    });
    const answered = await response.text();
    return {
      ...{ status: response.status, headers: response.headers, text: answered },
      json: response.headers.get('content-type')?.startsWith('application/json')
        ? (JSON.parse(answered) as unknown)
        : undefined,
    };
  };
}

const spec = `
sequences:
  stop-host:
    request: true
    args:
      required:
        - name: host
          desc: which host
      optional:
        - name: wait
          desc: seconds
          default: 60
      static:
        - name: region
          default: eu
    nodes:
      drain:
        category: job
        type: say
        args: [{ expected: text, given: host }]
        deps: []
        retry: 2
        retryWait: 5s
      stop:
        category: job
        type: say
        args: [{ expected: text, given: wait }]
        deps: [drain]
  helper:
    args:
      required:
        - name: host
    nodes:
      tell:
        category: job
        type: say
        args: [{ expected: text, given: host }]
        deps: []
`;

const say = defineJob({
  type: 'say',
  args: z.object({ text: z.string() }),
  run: ({ args }) => args.text,
});

const fail = defineJob({
  type: 'fail',
  args: z.object({}),
  retry: { attempts: 2 },
  run() {
    throw new Error('it always fails');
  },
});

const shell = defineJob({
  type: 'shell',
  args: z.object({}),
  command: () => ['sh', '-c', 'echo out; echo err >&2; exit 3'],
});

/** Chains by their types, some of them or all: `gate` waits, `steps`, `failing` and `program` end, `stop-host` is a spec. */
function chainsIn(folder: string, types: readonly string[] | undefined) {
  const gate = createGate();
  const steps = defineChain({
    type: 'steps',
    args: z.object({ n: z.number().default(2).describe('how many'), text: z.string() }),
    plan({ args, job, sequence }) {
      const first = job(say, args, { name: 'first' });
      sequence('rest', { retries: 1, waitMs: 90_000 }, () => {
        let before = job(say, args, { name: 'step-1', after: first });
        for (let at = 2; at < args.n; at += 1)
          before = job(say, args, { name: `step-${at}`, after: before });
      });
    },
  });
  const failing = defineChain({
    type: 'failing',
    args: z.object({}),
    plan: ({ job }) => void job(fail, {}, { name: 'bad' }),
  });
  const program = defineChain({
    type: 'program',
    args: z.object({}),
    plan: ({ job }) => void job(shell, {}, { name: 'sh' }),
  });
  const chains = [steps, failing, program, ...gate.options.chains];
  const specs = join(folder, 'specs');
  mkdirSync(specs, { recursive: true });
  writeFileSync(join(specs, 'host.yaml'), spec);
  const options = {
    jobs: [say, fail, shell, ...gate.options.jobs],
    chains: chains.filter(({ type }) => types?.includes(type) ?? true),
    ...(types === undefined && { specs }),
  };
  return { options, open: gate.open };
}

export type Hosted = { millrace: Millrace; ask: Ask; url: string; open(): void };

/** Stops after the tests of the calling file what it has started. */
export function createApis(): (
  folder: string,
  api?: MillraceOptions['api'],
  types?: readonly string[],
) => Promise<Hosted> {
  const started: Millrace[] = [];
  afterAll(() => Promise.all(started.map((millrace) => millrace.stop())), 30_000);
  return async (folder, api = {}, types) => {
    const { options, open } = chainsIn(folder, types);
    const settings = { partitions: 2, graceMs: 1000, data: join(folder, 'data') };
    const millrace = createMillrace({ ...settings, ...options, api: { port: 0, ...api } });
    started.push(millrace);
    await millrace.start();
    const { apiUrl = '' } = millrace;
    return { millrace, ask: asking(apiUrl), url: apiUrl, open };
  };
}

/** What is made by the first call. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
