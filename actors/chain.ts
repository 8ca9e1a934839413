/** The chain actor: what it accepts, what each effect of the chain machine becomes, what it can be asked. */
import { z } from 'zod';
import { chainMachine } from '../machines/chain.ts';
import {
  clearTimer,
  defineActor,
  nothing,
  reply,
  rowsChanged,
  toActor,
  toTimer,
} from '../src/runtime/actor.ts';
import { chainJobs, chainStatus } from './chainQueries.ts';

/** A request has one chain. */
export const chainAddress = 'chain/main';

const planSchema = z.object({
  jobs: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      args: z.unknown(),
      parents: z.array(z.number()),
      retries: z.number(),
      retryWaitMs: z.number(),
      timeoutMs: z.number().optional(),
      sequence: z.number().optional(),
    }),
  ),
  sequences: z.array(
    z.object({
      name: z.string(),
      first: z.number(),
      retries: z.number(),
      waitMs: z.number(),
      parent: z.number().optional(),
    }),
  ),
  maxStarted: z.number(),
});

/** Body of `chain.create`: what the gateway planned. */
const chainCreateSchema = z.object({
  plan: planSchema,
  requestType: z.string(),
  args: z.unknown(),
  user: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

const empty = z.object({});

export const chainActor = defineActor({
  kind: 'chain',
  machine: chainMachine,
  accepts: {
    'chain.create': chainCreateSchema,
    'request.stop': empty,
    'request.suspend': empty,
    'request.resume': empty,
  },
  startedBy: ['chain.create'],
  values: 'referenced',
  chunked: ['jobs', 'sequences', 'progress.rows', 'progress.sequences', 'progress.ready.*.jobs'],
  effects: {
    startJob: ({ type: _, ...start }) =>
      toActor(`job/${start.job}`, { ...start, type: 'job.start' }),
    tellJob: ({ job, event }) => toActor(`job/${job}`, { type: event }),
    waitSequence: ({ sequence, afterMs }) =>
      toTimer(`sequence/${sequence}`, { type: 'sequence.due', sequence }, { afterMs }),
    clearSequence: ({ sequence }) => clearTimer(`sequence/${sequence}`),
    rowsChanged: ({ from, to, jobs }) => rowsChanged('job', from, to, jobs),
    answer: ({ type: _, ...answer }) => reply(answer.ok ? answer : { ...answer, code: 'state' }),
    ended: () => nothing,
  },
  queries: {
    type: ({ context }) => context.requestType,
    status: chainStatus,
    jobs: chainJobs,
  },
});
