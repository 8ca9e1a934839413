/** A host in this process and what it hosts, to be reached over its socket. */
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { z } from 'zod';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { Millrace, MillraceOptions } from '../../src/index.ts';

/** Jobs of this type end when the test says so. */
export function createGate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const waiting = defineJob({
    type: 'waiting',
    args: z.object({}),
    async run({ signal, status }) {
      status('waiting at the gate');
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
      await Promise.race([opened, aborted]);
    },
  });
  const gate = defineChain({
    type: 'gate',
    args: z.object({ label: z.string().optional(), n: z.number().default(1) }),
    plan({ args, job }) {
      for (let at = 0; at < args.n; at += 1) job(waiting, {});
    },
  });
  return { options: { jobs: [waiting], chains: [gate] }, gate, open };
}

/** Stops after each test what it has started. */
export function createHosts(): (data: string, options: MillraceOptions) => Promise<Millrace> {
  const started: Millrace[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((millrace) => millrace.stop()));
  });
  return async (data, options) => {
    const millrace = createMillrace({ partitions: 2, graceMs: 1000, ...options, data });
    started.push(millrace);
    await millrace.start();
    return millrace;
  };
}

export type Answer = { status: number; type: string; body: string };

/** What any program may send over the socket. */
export function send(
  data: string,
  { method = 'POST', path, body }: { method?: string; path: string; body?: string },
): Promise<Answer> {
  const socketPath = join(data, 'control.sock');
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const { statusCode = 0, headers: answered } = response;
        resolve({ status: statusCode, type: answered['content-type'] ?? '', body: text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
