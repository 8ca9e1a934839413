/** The job actor: what each effect of the job machine becomes, in its group and for workers. */
import { z } from 'zod';
import { jobMachine } from '../machines/job.ts';
import { attemptAnswerSchemas } from '../src/protocol/attempts.ts';
import { cancelAttempt, defineActor, forgetAttempt, toActor, toJob } from '../src/runtime/actor.ts';
import { chainAddress } from './chain.ts';

/** Said by the group itself, once a worker is known to have begun the attempt. */
const heldSchema = z.object({});

/** A job has one attempt at a time, so one key serves. */
const attemptKey = 'run';

export const jobActor = defineActor({
  kind: 'job',
  machine: jobMachine,
  accepts: { ...attemptAnswerSchemas, 'attempt.held': heldSchema },
  startedBy: ['job.start'],
  values: 'referenced',
  queries: {
    /** Of the newest attempt; while it waits, of the next. */
    attempt: ({ context }) => context.attempt,
  },
  effects: {
    startAttempt: ({ name, jobType, attempt, args, data, results, timeoutMs, resumption }) =>
      toJob(attemptKey, {
        type: jobType,
        name,
        args,
        attempt,
        resumption,
        data,
        results,
        ...(timeoutMs !== undefined && { timeoutMs }),
      }),
    cancelAttempt: () => cancelAttempt(attemptKey),
    forgetAttempt: () => forgetAttempt(attemptKey),
    reportWaiting: ({ job }) => toActor(chainAddress, { type: 'job.waiting', job }),
    reportRetrying: ({ job }) => toActor(chainAddress, { type: 'job.retrying', job }),
    reportOutcome: (outcome) => toActor(chainAddress, { ...outcome, type: 'job.finished' }),
  },
});
