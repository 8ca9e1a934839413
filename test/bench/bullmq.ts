/** The same work on BullMQ flows over a Redis of the benchmark's own: the yardstick. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlowProducer, QueueEvents, Worker } from 'bullmq';
import type { FlowJob } from 'bullmq';

export type Bullmq = {
  run(chains: number, steps: number): Promise<number>;
  close(): Promise<void>;
};

/** Starts redis-server (appendonly everysec) and a worker with this concurrency. */
export async function openBullmq(concurrency: number): Promise<Bullmq> {
  const { port, stop } = await startRedis();
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const queue = 'steps';
  const producer = new FlowProducer({ connection });
  const worker = new Worker(queue, () => Promise.resolve(null), { connection, concurrency });
  const events = new QueueEvents(queue, { connection });
  await Promise.all([worker.waitUntilReady(), events.waitUntilReady(), producer.waitUntilReady()]);
  return {
    /** Milliseconds from the first creation to the end of the last chain. */
    async run(chains, steps) {
      let left = chains;
      const before = performance.now();
      const done = new Promise<void>((resolve) => {
        worker.on('completed', (job) => {
          if (job.name !== 'last') return;
          left -= 1;
          if (left === 0) resolve();
        });
      });
      await producer.addBulk(Array.from({ length: chains }, () => flow(queue, steps)));
      await done;
      worker.removeAllListeners('completed');
      return performance.now() - before;
    },
    async close() {
      await Promise.all([worker.close(), events.close(), producer.close()]);
      await stop();
    },
  };
}

/** A BullMQ parent runs after its children: the last step is the outermost. */
function flow(queueName: string, steps: number): FlowJob {
  let job: FlowJob = { name: steps === 1 ? 'last' : 'step', queueName, data: {} };
  for (let n = 2; n <= steps; n += 1) {
    job = { name: n === steps ? 'last' : 'step', queueName, data: {}, children: [job] };
  }
  return job;
}

async function startRedis(): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'millrace-redis-'));
  const flags = [
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
  ];
  const redis = spawn('redis-server', flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(redis, 'exit');
  await new Promise<void>((resolve, reject) => {
    redis.once('error', (cause) => {
      reject(
        new Error('redis-server does not start; install it to compare with BullMQ', { cause }),
      );
    });
    redis.stdout.on('data', (text: Buffer) => {
      if (text.toString().includes('Ready to accept connections')) resolve();
    });
  });
  const stop = async (): Promise<void> => {
    redis.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  return { port, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
