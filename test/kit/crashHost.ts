/**
 * The child program of kill.test.ts: an embedded millrace over a folder that runs a seed's chains to their
 * end, wherever they stand, unless it is told to kill itself on the way. Every execution is written down.
 */
import { fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { createMillrace, defineChain, defineJob, RetryAfter, Stopped } from '../../src/index.ts';
import type { Client, JobContext, JobDefinition, Request } from '../../src/index.ts';
import { MillraceError } from '../../src/protocol/errors.ts';
import * as chains from './crashChain.ts';
import type { CrashChain } from './crashChain.ts';
import { crashingPorts } from './crashPoints.ts';

const orders = z.object({
  seed: z.number(),
  folder: z.string(),
  /** By how much its clock is ahead: the time that it was dead for. */
  lateMs: z.number(),
  crash: z.object({ site: z.string(), nth: z.number(), delayUs: z.number() }).optional(),
});

const { seed, folder, lateMs, crash } = orders.parse(JSON.parse(process.argv[2] ?? ''));

const log = openSync(join(folder, 'executions.log'), 'a');

/** Durable before the next thing is done. */
function write(what: string, attemptKey: string): void {
  writeSync(log, `${what} ${attemptKey} ${process.pid}\n`);
  fsyncSync(log);
}

const jobArgs = z.object({ after: z.array(z.string()) });
type JobArgs = z.output<typeof jobArgs>;
type Result = { job: string; attempt: number; padding: string };

const even: JobDefinition<typeof jobArgs, Result> = defineJob({
  type: 'crash-even',
  args: jobArgs,
  run: (context) => work(context),
});
const odd: JobDefinition<typeof jobArgs, Result> = defineJob({
  type: 'crash-odd',
  args: jobArgs,
  run: (context) => work(context),
});

const crashChain = defineChain({
  type: 'crash',
  args: z.object({ seed: z.number(), index: z.number() }),
  plan({ args, job, sequence }) {
    const chain = chains.chainOf(args.seed, args.index);
    chains.planCrashChain(chain, { sequence }, ({ name, isOdd, after, attempts, waitMs }) =>
      job(isOdd ? odd : even, { after }, { name, after, retry: { attempts, waitMs } }),
    );
  },
});

async function work(context: JobContext<JobArgs>): Promise<Result> {
  const { requestId, jobId, attempt, attemptKey, data } = context;
  write('start', attemptKey);
  begun(requestId);
  checkInput(context);
  data[jobId] = attempt;
  try {
    const { ms, isDeaf } = chains.paceOf(requestId, jobId, attempt);
    await delay(ms, undefined, isDeaf ? {} : { signal: context.signal });
    return end(requestId, jobId, attempt);
  } finally {
    write('end', attemptKey);
  }
}

function end(requestId: string, job: string, attempt: number): Result {
  switch (chains.outcomeOf(requestId, job, attempt)) {
    case 'succeeded':
      // Long enough for some chunks of the group to become blobs.
      return { job, attempt, padding: 'x'.repeat(300) };
    case 'failed':
      throw new Error('as planned');
    case 'retryAfter':
      throw new RetryAfter('as planned, later', 15);
    case 'stopped':
      throw new Stopped('as planned, for good');
  }
}

/** A job is given a result and data of every job that it comes after. */
function checkInput({ args, data, resultsOf, attemptKey }: JobContext<JobArgs>): void {
  const given = [...resultsOf(even), ...resultsOf(odd)].map(({ job }) => job).sort();
  const isMissing = args.after.some((job) => data[job] === undefined);
  if (isMissing || given.join() !== [...args.after].sort().join()) write('misinformed', attemptKey);
}

const begins = new Map<string, { count: number; onBegun?: () => void }>();

function begun(id: string): void {
  const begin = begins.get(id) ?? { count: 0 };
  begins.set(id, begin);
  begin.count += 1;
  if (begin.count >= chains.disturbedAfter(id)) begin.onBegun?.();
}

/** When enough attempts of a chain have begun in this process. */
function enoughBegun(id: string): Promise<void> {
  return new Promise((resolve) => {
    const count = begins.get(id)?.count ?? 0;
    if (count >= chains.disturbedAfter(id)) resolve();
    else begins.set(id, { count, onBegun: resolve });
  });
}

async function follow(client: Client, chain: CrashChain, index: number): Promise<void> {
  const { id, role } = chain;
  const request = await client.start(crashChain, { seed, index }, { requestId: id });
  if (role !== 'plain' && !(await hasTaken(request, `request.${role}`))) {
    await Promise.race([enoughBegun(id), request.settled()]);
    await refusable(() => request[role]());
  }
  while ((await request.settled()).state === 'SUSPENDED') await request.resume();
}

async function hasTaken(request: Request, type: string): Promise<boolean> {
  for await (const event of request.events()) if (event.type === type) return true;
  return false;
}

/** A chain that has ended meanwhile cannot be suspended. */
async function refusable(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'state') throw error;
  }
}

const millrace = createMillrace(
  { jobs: [even, odd], chains: [crashChain], data: folder, partitions: 3, concurrency: 8 },
  crashingPorts(crash, { lateMs, isHasty: seed % 3 !== 0 }),
);
await millrace.start();
await Promise.all(
  chains.chainsOf(seed).map((chain, index) => follow(millrace.client, chain, index)),
);
await millrace.stop();
