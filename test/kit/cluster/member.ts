/**
 * A process of a cluster under test: some roles of millrace over a real broker and store, with the random
 * chains of crashChain.ts and what one fault alone needs: a poisonous job, a wide chain, an actor that can
 * throw. What its handlers do is written down. Its orders are its first argument.
 */
import { fsyncSync, openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { z } from 'zod';
import { createMillrace, defineChain, defineJob } from '../../../src/index.ts';
import type { JobContext, JobDefinition } from '../../../src/index.ts';
import * as chains from '../crashChain.ts';
import { endAsPlanned, isMisinformed } from '../crashWork.ts';
import { taskActor } from '../taskActor.ts';

const orders = z.object({
  name: z.string(),
  roles: z.array(z.enum(['gateway', 'host', 'worker', 'tracker', 'api'])),
  amqpUrl: z.string(),
  mongodbUrl: z.string(),
  managementUrl: z.string().exactOptional(),
  prefix: z.string(),
  partitions: z.number(),
  /** Of the executions. */
  log: z.string(),
  /** Slows every attempt down by so many milliseconds. */
  slowMs: z.number().default(0),
  /** The data folder, for what a process keeps for itself. */
  data: z.string(),
  concurrency: z.number().default(8),
  /** Of the actor `task` (taskActor.ts): what it cannot take, and another behaviour under the same name. */
  task: z
    .object({
      throwsAt: z.string().exactOptional(),
      after: z.enum(['napping', 'idle']).exactOptional(),
    })
    .default({}),
});

export type MemberOrders = z.input<typeof orders>;

const {
  name,
  log: logPath,
  slowMs,
  task,
  ...config
} = orders.parse(JSON.parse(process.argv[2] ?? '{}'));

const log = openSync(logPath, 'a');

function write(what: string, key: string): void {
  writeSync(log, `${what} ${key} ${name}:${process.pid}\n`);
  fsyncSync(log);
}

const jobArgs = z.object({ after: z.array(z.string()) });
type JobArgs = z.output<typeof jobArgs>;
type Result = { job: string; attempt: number };

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
    chains.planCrashChain(chain, { sequence }, ({ name: own, isOdd, after, attempts, waitMs }) =>
      job(isOdd ? odd : even, { after }, { name: own, after, retry: { attempts, waitMs } }),
    );
  },
});

/** Kills its worker, whatever is done for it. */
const poison = defineJob({
  type: 'poison',
  args: z.object({}),
  run({ attemptKey }) {
    write('start', attemptKey);
    process.kill(process.pid, 'SIGKILL');
  },
});

/** Takes its time. */
const slow = defineJob({
  type: 'slow',
  args: z.object({ ms: z.number() }),
  async run({ args, attemptKey, signal }) {
    write('start', attemptKey);
    await delay(args.ms, undefined, { signal });
    write('end', attemptKey);
  },
});

const poisonous = defineChain({
  type: 'poisonous',
  args: z.object({ siblings: z.number(), ms: z.number() }),
  plan({ args, job }) {
    job(poison, {}, { name: 'poison' });
    for (let number = 0; number < args.siblings; number += 1)
      job(slow, { ms: args.ms }, { name: `slow-${number}` });
  },
});

const wide = defineChain({
  type: 'wide',
  args: z.object({ jobs: z.number(), ms: z.number() }),
  maxStarted: 2000,
  plan({ args, job }) {
    for (let number = 0; number < args.jobs; number += 1)
      job(slow, { ms: args.ms }, { name: `slow-${number}` });
  },
});

/** What the actor `task` asks for. */
const echo = defineJob({
  type: 'work',
  args: z.unknown(),
  run: ({ args }) => (args as { text?: string }).text,
});

async function work(context: JobContext<JobArgs>): Promise<Result> {
  const { requestId, jobId, attempt, attemptKey, data, signal } = context;
  write('start', attemptKey);
  if (isMisinformed(context, [even, odd])) write('misinformed', attemptKey);
  data[jobId] = attempt;
  try {
    const { ms, isDeaf } = chains.paceOf(requestId, jobId, attempt);
    await delay(ms + slowMs, undefined, isDeaf ? {} : { signal });
    endAsPlanned(requestId, jobId, attempt);
    return { job: jobId, attempt };
  } finally {
    write('end', attemptKey);
  }
}

const millrace = createMillrace(
  {
    ...config,
    jobs: [even, odd, poison, slow, echo],
    chains: [crashChain, poisonous, wide],
    actors: [taskActor(task)],
  },
  { log: pino({ name, level: 'info' }, pino.destination({ dest: 2, sync: true })) },
);
process.once('SIGTERM', () => {
  void millrace.stop().then(() => process.exit(0));
});
await millrace.start();
process.stdout.write('started\n');
