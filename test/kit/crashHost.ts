/**
 * The child program of kill.test.ts: an embedded millrace over a folder that runs a seed's chains to their
 * end, wherever they stand, unless it is told to kill itself on the way. Every execution is written down.
 */
import { fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { z } from 'zod';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { Client, JobContext, JobDefinition, Request } from '../../src/index.ts';
import { MillraceError } from '../../src/protocol/errors.ts';
import * as chains from './crashChain.ts';
import type { CrashChain } from './crashChain.ts';
import * as children from './crashChildren.ts';
import { crashingPorts } from './crashPoints.ts';
import { endAsPlanned, isMisinformed } from './crashWork.ts';

const orders = z.object({
  seed: z.number(),
  folder: z.string(),
  /** By how much its clock is ahead: the time that it was dead for. */
  lateMs: z.number(),
  crash: z.object({ site: z.string(), nth: z.number(), delayUs: z.number() }).optional(),
  /** The process whose chains these are. */
  host: z.number().default(process.pid),
});

// The process of an isolated job imports this file again, and has its orders from the environment.
const given = orders.parse(JSON.parse(process.argv[2] ?? process.env['CRASH_ORDERS'] ?? ''));
process.env['CRASH_ORDERS'] = JSON.stringify(given);
const { seed, folder, lateMs, crash, host } = given;

const log = openSync(join(folder, 'executions.log'), 'a');

/** Durable before the next thing is done. */
function write(what: string, attemptKey: string): void {
  writeSync(log, `${what} ${attemptKey} ${host}\n`);
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

const program: JobDefinition<typeof jobArgs, Result> = defineJob({
  type: 'crash-program',
  args: jobArgs,
  command(context) {
    onChild('before');
    setTimeout(() => onChild('running'), 2);
    begun(context.requestId);
    checkInput(context);
    context.data[context.jobId] = context.attempt;
    return children.commandOf(folder, context, host);
  },
  result(_, { requestId, jobId, attempt }) {
    onChild('ended');
    return end(requestId, jobId, attempt);
  },
});
const isolated: JobDefinition<typeof jobArgs, Result> = defineJob({
  type: 'crash-isolated',
  args: jobArgs,
  isolate: true,
  async run(context) {
    const release = children.takeLock(folder, context);
    if (release === undefined) write('overlap', context.attemptKey);
    try {
      return await work(context);
    } finally {
      release?.();
    }
  },
});
const jobs = [even, odd, program, isolated];

function jobOf(id: string, { name, isOdd }: chains.CrashJob): (typeof jobs)[number] {
  const kind = children.kindOf(id, name);
  if (kind === 'handler') return isOdd ? odd : even;
  return kind === 'program' ? program : isolated;
}

const crashChain = defineChain({
  type: 'crash',
  args: z.object({ seed: z.number(), index: z.number() }),
  plan({ args, job, sequence }) {
    const chain = chains.chainOf(args.seed, args.index);
    chains.planCrashChain(chain, { sequence }, (each) => {
      const { name, after, attempts, waitMs } = each;
      return job(jobOf(chain.id, each), { after }, { name, after, retry: { attempts, waitMs } });
    });
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
  endAsPlanned(requestId, job, attempt);
  // Long enough for some chunks of the group to become blobs.
  return { job, attempt, padding: 'x'.repeat(300) };
}

function checkInput(context: Omit<JobContext<JobArgs>, 'signal' | 'status'>): void {
  if (isMisinformed(context, jobs)) write('misinformed', context.attemptKey);
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

/** What is logged is wrong, but for what a start had to kill. */
const logged = pino(
  { level: 'warn' },
  {
    write(line: string) {
      const { reaped } = JSON.parse(line) as { reaped?: number };
      if (reaped === undefined) process.stderr.write(line);
      else write('reaped', String(reaped));
    },
  },
);

const { ports, onChild } = crashingPorts(crash, {
  lateMs,
  isHasty: seed % 3 !== 0,
  beforeKill: () => {
    if (children.isWatchdogKilled(seed)) children.killWatchdog();
  },
});
const millrace = createMillrace(
  {
    ...{ jobs, chains: [crashChain], data: folder, partitions: 3, concurrency: 8 },
    definitions: import.meta.url,
  },
  { ...ports, log: logged },
);
await millrace.start();
for (const { pid, host: of } of children.childrenOf(folder)) {
  if (of !== process.pid) write('left', `${pid}-of-${of}`);
}
await Promise.all(
  chains.chainsOf(seed).map((chain, index) => follow(millrace.client, chain, index)),
);
await millrace.stop();
