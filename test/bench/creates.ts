/** 10,000 requests of 20 jobs created over HTTP by 16 clients, then SIGKILL: how fast, and whether one is lost. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { z } from 'zod';
import type { Child, Children } from './children.ts';
import { percentile } from './report.ts';
import type { Report } from './report.ts';

const requests = 10_000;
const steps = 20;
const clients = 16;

/** Prints creates a second without and with workers, and how many of those answered the store has. */
export async function benchCreates(report: Report, children: Children): Promise<void> {
  await creates(report, children, { hasWorkers: false });
  await creates(report, children, { hasWorkers: true });
}

async function creates(
  report: Report,
  children: Children,
  { hasWorkers }: { hasWorkers: boolean },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const child = children.start('creates', { folder, steps, hasWorkers });
  try {
    const { url } = z.object({ url: z.string() }).parse(await child.next());
    const before = await processorOf(child);
    const { ids, ms, seconds } = await created(url);
    const used = (await processorOf(child)) - before;
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
    const name = `${requests} × ${steps} jobs over HTTP, ${hasWorkers ? 'workers' : 'no worker'}`;
    const goal = hasWorkers ? {} : { goal: { atLeast: 1000 } };
    report.add({ name, value: requests / seconds, unit: 'creates/s', ...goal });
    report.add({
      name: `${name}: processor`,
      value: (used * 1000) / requests,
      unit: 'ms a create',
    });
    report.add({ name: `${name}: p99`, value: percentile(ms, 0.99), unit: 'ms' });
    const missing = missingIn(join(folder, 'store.db'), ids);
    const lost = `${name}: answered, not in the store`;
    report.add({ name: lost, value: missing, unit: 'requests', goal: { atMost: 0 } });
  } finally {
    child.process.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

/** Of the host with its tracker; on a busy machine it says more than the clock. */
async function processorOf(child: Child): Promise<number> {
  child.process.send({});
  return z.object({ processorS: z.number() }).parse(await child.next()).processorS;
}

type Created = { ids: string[]; ms: number[]; seconds: number };

/** Each client asks for the next when it has been answered. */
async function created(url: string): Promise<Created> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const [ids, ms]: [string[], number[]] = [[], []];
  let asked = 0;
  const client = async (): Promise<void> => {
    while (asked < requests) {
      asked += 1;
      const before = performance.now();
      ids.push(await create(`${url}/api/v1/requests`, agent, `host-${asked}`));
      ms.push(performance.now() - before);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - start) / 1000;
  agent.destroy();
  return { ids, ms, seconds };
}

const answerSchema = z.object({ id: z.string() });

function create(url: string, agent: Agent, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        if (response.statusCode === 201) resolve(answerSchema.parse(JSON.parse(text)).id);
        else reject(new Error(`${response.statusCode}: ${text}`));
      });
    });
    sent.on('error', reject).end(JSON.stringify({ type: 'line', args: { host } }));
  });
}

/** Of what was answered, how many the store of the killed host does not hold. */
function missingIn(path: string, ids: readonly string[]): number {
  const db = new Database(path, {});
  const rows = db.prepare("SELECT grp FROM journal WHERE type = 'chain.create'").all();
  db.close();
  const stored = new Set(
    z
      .array(z.object({ grp: z.string() }))
      .parse(rows)
      .map(({ grp }) => grp),
  );
  return ids.filter((id) => !stored.has(id)).length + (requests - new Set(ids).size);
}
