/** `find` over HTTP in 1,000,000 finished requests, which are written into the read models as a tracker would. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteReadModels, readModelsFile } from '../../src/adapters/sqlite/readModels.ts';
import { openSqliteStore, storeFile } from '../../src/adapters/sqlite/store.ts';
import { createMillrace } from '../../src/index.ts';
import type { RequestDocument } from '../../src/ports/readmodels.ts';
import { median, percentile } from './report.ts';
import type { Report } from './report.ts';

const requests = 1_000_000;
const pageSize = 5000;
const rounds = 20;
const firstAt = Date.parse('2026-01-01T00:00:00Z');
/** Between two creates. */
const apartMs = 5000;

/** What is found of one request, and what runs. */
const others = [`requests/${idOf(500_000)}/log`, 'status/running', 'status/running?requestId=nope'];

/** Common and rare values, alone and together, some of which fit nothing. */
const queries = [
  '',
  'type=type-0',
  'type=type-19',
  'user=user-7',
  'state=FAIL',
  'state=STOPPED&state=FAIL&state=COMPLETE',
  'state=RUNNING',
  'arg=host%3Dhost-77',
  'arg=env%3Dprod',
  'arg=env%3Dprod&arg=host%3Dhost-77&state=FAIL',
  'type=type-0&state=STOPPED&arg=env%3Dtest',
  'type=type-3&user=user-7&state=FAIL',
  'since=2026-01-20T00:00:00Z',
  'since=2026-02-27T21:00:00Z&type=type-3',
  'until=2026-01-02T00:00:00Z&state=FAIL',
  'since=2026-01-10T00:00:00Z&until=2026-01-10T00:00:30Z',
  'type=nothing&state=COMPLETE',
  'offset=5000&type=type-1',
];

/** Prints the median of each query, and the largest of these. */
export async function benchFind(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    await fill(folder);
    const millrace = createMillrace({ data: folder, api: { port: 0 } });
    await millrace.start();
    const medians: number[] = [];
    for (const path of [...queries.map((query) => `requests?limit=20&${query}`), ...others]) {
      const ms = await times(`${millrace.apiUrl}/api/v1/${path}`);
      medians.push(median(ms));
      const most = `at most ${percentile(ms, 1).toFixed(1)}`;
      console.log(`  ${median(ms).toFixed(1).padStart(6)} ms, ${most}  ${path}`);
    }
    await millrace.stop();
    const name = `find in ${requests} requests, slowest of ${medians.length} questions`;
    report.add({ name, value: percentile(medians, 1), unit: 'ms', goal: { atMost: 50 } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function fill(data: string): Promise<void> {
  const store = openSqliteStore({ path: join(data, storeFile), partitions: 1 });
  const models = openSqliteReadModels({ path: join(data, readModelsFile), store: store.id });
  const page = { partition: 0, after: 0, applied: 0, counts: { requests: {}, jobs: {} } };
  for (let from = 0; from < requests; from += pageSize) {
    const some = Array.from({ length: pageSize }, (_, n) => finished(from + n));
    await models.apply({ ...page, requests: some, jobs: [], attempts: [] });
  }
  await models.close();
  await store.close();
}

/** Of twenty types, a hundred users and five thousand hosts; 94 % are complete, 5 % failed. */
function finished(n: number): RequestDocument {
  const createdAt = firstAt + n * apartMs;
  const mixed = (n * 7919) % 1_000_003;
  const state = mixed % 100 < 94 ? 'complete' : mixed % 100 < 99 ? 'failed' : 'stopped';
  const env = mixed % 4 === 0 ? 'test' : 'prod';
  return {
    ...{ id: idOf(n), partition: 0, seq: 30, root: 'chain/main' },
    ...{ type: `type-${mixed % 20}`, state, user: `user-${(n * 31) % 100}` },
    args: JSON.stringify({ host: `host-${(n * 613) % 5000}`, env }),
    ...{ kept: 0, counts: { complete: 20 }, total: 20, resumption: 0 },
    ...{ createdAt, startedAt: createdAt, updatedAt: createdAt + 60_000 },
    finishedAt: createdAt + 60_000 + (n % 60) * 10_000,
  };
}

function idOf(n: number): string {
  return `01k${String(n).padStart(23, '0')}`;
}

async function times(url: string): Promise<number[]> {
  const taken: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = performance.now();
    const response = await fetch(url);
    await response.text();
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
    taken.push(performance.now() - before);
  }
  return taken;
}
