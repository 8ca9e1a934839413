/** Request specs: 500 files checked by a cold process, and a request of 100,000 jobs planned. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { defineJob } from '../../src/definitions.ts';
import { planChain } from '../../src/gateway/plan.ts';
import { specChains } from '../../src/gateway/specChains.ts';
import { SpecFolder } from '../../src/spec/folder.ts';
import { median } from './report.ts';
import type { Report } from './report.ts';

const files = 500;
const jobs = 100_000;
const program = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

/** Prints medians of five. */
export async function benchSpecs(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-specs-'));
  try {
    for (let n = 0; n < files; n += 1) write(folder, n);
    const checks = await times(() => execFileSync('node', [program, 'spec', 'check', folder]));
    report.add({
      name: `spec check of ${files} files, with its start`,
      value: median(checks) / 1000,
      unit: 's',
      goal: { atMost: 1 },
    });
    const chains = specChains(new SpecFolder(folder).specs);
    const [chain] = chains;
    if (chain === undefined) throw new Error('there is no request');
    const work = defineJob({ type: 'work', args: z.looseObject({}), run: () => undefined });
    const args = { hosts: Array.from({ length: jobs / 5 }, (_, at) => `host-${at}`), region: 'eu' };
    const plans = await times(() => planChain(chain, args, new Map([[work.type, work]])));
    report.add({
      name: `plan of ${jobs} jobs from a spec`,
      value: median(plans) / 1000,
      unit: 's',
      goal: { atMost: 3 },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function times(make: () => unknown): Promise<number[]> {
  const taken: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const before = performance.now();
    await make();
    taken.push(performance.now() - before);
  }
  return taken;
}

/** A request that calls a sequence of its own for each host: of some 40 lines, as people write them. */
function write(folder: string, n: number): void {
  const step = (name: string, after: string): string => `      ${name}:
        category: job
        type: work
        deps: [${after}]
        args:
          - expected: host
          - expected: region
            given: where
        retry: 2
        retryWait: 5s
`;
  const text = `---
sequences:
  request-${n}:
    request: true
    args:
      required:
        - name: hosts
          desc: The hosts that are looked after
      optional:
        - name: region
          desc: Where they are
          default: eu
    nodes:
      all:
        category: sequence
        type: host-${n}
        each: ['hosts:host']
        parallel: 50
        args:
          - expected: where
            given: region
        retry: 1
        retryWait: 1m
  host-${n}:
    args:
      required:
        - name: host
        - name: where
    nodes:
${step('drain', '')}`;
  const dir = join(folder, `team-${n % 20}`);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `request-${n}.yaml`), text);
}
