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
import {
  carriedJobSchema,
  carriedSchema,
  frozenValuesSchema,
  planJobSchema,
  planSequenceSchema,
  retryOfSchema,
  sentPlanSchema,
} from '../src/protocol/plans.ts';
import { chainJobs, chainStatus } from './chainQueries.ts';

/** A request has one chain. */
export const chainAddress = 'chain/main';

/** Body of `chain.create`: what the gateway planned. */
const chainCreateSchema = z.object({
  plan: sentPlanSchema,
  requestType: z.string(),
  args: z.unknown(),
  user: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  suspendedTtlMs: z.number().optional(),
  carried: carriedSchema.optional(),
  /** The value log of the request that this one retries. */
  values: frozenValuesSchema.optional(),
  retryOf: retryOfSchema.optional(),
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
  chunkedBodies: {
    'chain.create': {
      'plan.jobs': planJobSchema,
      'plan.sequences': planSequenceSchema,
      carried: carriedJobSchema,
    },
  },
  bringsValues: { 'chain.create': 'values' },
  values: 'referenced',
  chunked: ['jobs', 'sequences', 'progress.rows', 'progress.sequences', 'progress.ready.*.jobs'],
  effects: {
    startJob: (start) => toActor(`job/${start.job}`, { ...start, type: 'job.start' }),
    tellJob: ({ job, event }) => toActor(`job/${job}`, { type: event }),
    waitSequence: ({ sequence, afterMs }) =>
      toTimer(`sequence/${sequence}`, { type: 'sequence.due', sequence }, { afterMs }),
    clearSequence: ({ sequence }) => clearTimer(`sequence/${sequence}`),
    waitExpiry: ({ afterMs }) => toTimer('expiry', { type: 'request.expired' }, { afterMs }),
    clearExpiry: () => clearTimer('expiry'),
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
