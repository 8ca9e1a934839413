import { and, assign, emit, not, or, setup } from 'xstate';

/**
 * A job is attempted until an attempt succeeds, no retry is left, or it is stopped. Lives from its
 * start to its outcome; `actors/job.ts` says what its effects become, `chain.ts` hears of the outcome.
 */

export type JobOutcome = 'complete' | 'failed' | 'stopped';

/** One run of a job; also the machine's input (specification 12.4). */
export type JobStart = {
  type: 'job.start';
  job: number;
  name: string;
  jobType: string;
  args: unknown;
  /** Retries after the first attempt. */
  retries: number;
  retryWaitMs: number;
  timeoutMs?: number;
  /** Tries so far, in all: attempt numbers go on from here. */
  attempts: number;
  /** Tries so far since the last sequence retry: they use up retries. */
  tries: number;
  resumption: number;
  /** Value references to be merged in order. */
  data: number[];
  /** Value references of the direct parents' results, by job type. */
  results: Record<string, (number | null)[]>;
};

export type JobEvent =
  | JobStart
  | { type: 'attempt.succeeded'; attempt: number; result?: number; data?: number }
  | {
      type: 'attempt.failed';
      attempt: number;
      reason: string;
      data?: number;
      /** Takes the place of the job's wait, once. */
      retryAfterMs?: number;
      /** The job is not retried; its sequence may be. */
      final?: boolean;
    }
  | { type: 'attempt.stopped'; attempt: number; data?: number }
  /** A worker has begun it, for all that anybody can know. */
  | { type: 'attempt.held'; attempt: number }
  /** Cancel what runs, begin nothing more. */
  | { type: 'job.stop' }
  /** The job's sequence will be retried: what runs goes on, no retry follows. */
  | { type: 'job.exhaust' }
  /** The time to stop is over: failed now, or stopped if no worker ever had it. */
  | { type: 'job.abandon' };

/** What the job asks of the world and tells its chain. */
export type JobEffect =
  | {
      type: 'startAttempt';
      job: number;
      name: string;
      jobType: string;
      attempt: number;
      args: unknown;
      data: number[];
      results: Record<string, (number | null)[]>;
      timeoutMs?: number;
      resumption: number;
    }
  | { type: 'cancelAttempt'; job: number; attempt: number }
  | { type: 'forgetAttempt'; job: number; attempt: number }
  | { type: 'reportWaiting'; job: number }
  | { type: 'reportRetrying'; job: number }
  | {
      type: 'reportOutcome';
      job: number;
      outcome: JobOutcome;
      /** Of this run, with the one that a stopped retry wait was for. */
      tries: number;
      result?: number;
      data?: number;
      reason?: string;
    };

/** `attempt` names the current attempt and only rises; `tryNumber` is what the retries allow. */
type JobContext = {
  run: Omit<JobStart, 'type' | 'data'>;
  attempt: number;
  tryNumber: number;
  waitMs: number;
  data: number[];
  isExhausted: boolean;
  /** The current attempt was begun. */
  isHeld?: boolean;
  result?: number;
  reason?: string;
};

/** At the deadline one that a worker has begun has failed; what nobody had has merely stopped. */
const abandoned = [
  { guard: 'isHeld', target: 'failed', actions: ['giveUp', 'forgetAttempt'] },
  { target: 'stopped', actions: 'forgetAttempt' },
] as const;

const succeeded = { guard: 'isCurrentAttempt', target: 'complete', actions: 'keepAnswer' } as const;

export const jobMachine = setup({
  types: {
    input: {} as JobStart,
    context: {} as JobContext,
    events: {} as JobEvent,
    emitted: {} as JobEffect,
  },
  delays: { retryWait: ({ context }) => context.waitMs },
  guards: {
    isCurrentAttempt: ({ context, event }) =>
      'attempt' in event && event.attempt === context.attempt,
    isHeld: ({ context }) => context.isHeld === true,
    isFinal: ({ event }) => event.type === 'attempt.failed' && event.final === true,
    hasRetriesLeft: ({ context }) =>
      !context.isExhausted && context.tryNumber <= context.run.retries,
    hasNoWait: ({ context, event }) => nextWaitMs(context, event) <= 0,
  },
  actions: {
    countTry: assign({
      attempt: ({ context }) => context.attempt + 1,
      tryNumber: ({ context }) => context.tryNumber + 1,
      isHeld: false,
    }),
    hold: assign({ isHeld: true }),
    setWait: assign({ waitMs: ({ context, event }) => nextWaitMs(context, event) }),
    exhaust: assign({ isExhausted: true }),
    keepAnswer: assign(({ event }) => answerIn(event)),
    giveUp: assign({ reason: 'it did not stop in time' }),
    startAttempt: emit(({ context: { run, attempt, data } }) => ({
      type: 'startAttempt',
      job: run.job,
      name: run.name,
      jobType: run.jobType,
      attempt,
      args: run.args,
      data,
      results: run.results,
      ...(run.timeoutMs === undefined ? {} : { timeoutMs: run.timeoutMs }),
      resumption: run.resumption,
    })),
    cancelAttempt: emit(({ context }) => ({ type: 'cancelAttempt', ...current(context) })),
    forgetAttempt: emit(({ context }) => ({ type: 'forgetAttempt', ...current(context) })),
    reportWaiting: emit(({ context }) => ({ type: 'reportWaiting', job: context.run.job })),
    reportRetrying: emit(({ context }) => ({ type: 'reportRetrying', job: context.run.job })),
    reportOutcome: emit(({ context }, outcome: JobOutcome) => ({
      type: 'reportOutcome',
      job: context.run.job,
      outcome,
      tries: context.attempt - context.run.attempts,
      ...outgoing(context, outcome),
    })),
  },
}).createMachine({
  id: 'job',
  version: '1',
  context: ({ input: { type: _type, data, ...run } }) => ({
    run,
    attempt: run.attempts + 1,
    tryNumber: run.tries + 1,
    waitMs: run.retryWaitMs,
    data,
    isExhausted: false,
  }),
  initial: 'pending',
  states: {
    pending: { on: { 'job.start': 'running' } },
    running: {
      entry: 'startAttempt',
      on: {
        'attempt.succeeded': succeeded,
        'attempt.failed': [
          { guard: not('isCurrentAttempt') },
          {
            guard: or(['isFinal', not('hasRetriesLeft')]),
            target: 'failed',
            actions: 'keepAnswer',
          },
          {
            guard: 'hasNoWait',
            target: 'running',
            reenter: true,
            actions: ['keepAnswer', 'countTry'],
          },
          { target: 'waiting', actions: ['keepAnswer', 'setWait', 'countTry'] },
        ],
        'attempt.stopped': { guard: 'isCurrentAttempt', target: 'stopped', actions: 'keepAnswer' },
        'attempt.held': { guard: and(['isCurrentAttempt', not('isHeld')]), actions: 'hold' },
        'job.stop': { target: 'stopping', actions: 'cancelAttempt' },
        'job.exhaust': { actions: 'exhaust' },
        'job.abandon': abandoned,
      },
    },
    waiting: {
      entry: 'reportWaiting',
      after: { retryWait: { target: 'running', actions: 'reportRetrying' } },
      on: {
        'job.stop': 'stopped',
        'job.exhaust': 'failed',
        'job.abandon': { target: 'failed', actions: 'giveUp' },
      },
    },
    stopping: {
      on: {
        'attempt.succeeded': succeeded,
        'attempt.failed': { guard: 'isCurrentAttempt', target: 'stopped', actions: 'keepAnswer' },
        'attempt.stopped': { guard: 'isCurrentAttempt', target: 'stopped', actions: 'keepAnswer' },
        'attempt.held': { guard: and(['isCurrentAttempt', not('isHeld')]), actions: 'hold' },
        'job.abandon': abandoned,
      },
    },
    complete: { type: 'final', entry: { type: 'reportOutcome', params: 'complete' } },
    failed: { type: 'final', entry: { type: 'reportOutcome', params: 'failed' } },
    stopped: { type: 'final', entry: { type: 'reportOutcome', params: 'stopped' } },
  },
});

function current({ run, attempt }: JobContext) {
  return { job: run.job, attempt };
}

function nextWaitMs(context: JobContext, event: JobEvent): number {
  const asked = event.type === 'attempt.failed' ? event.retryAfterMs : undefined;
  return asked ?? context.run.retryWaitMs;
}

/** A job's own writes outlive a failed attempt, so they take the place of what it was given. */
function answerIn(event: JobEvent): Partial<JobContext> {
  return {
    ...('data' in event && typeof event.data === 'number' ? { data: [event.data] } : {}),
    ...('result' in event && typeof event.result === 'number' ? { result: event.result } : {}),
    ...('reason' in event ? { reason: event.reason } : {}),
  };
}

/** What the chain keeps of the run. A map that only one reference makes up is passed on as it is. */
function outgoing({ data, result, reason }: JobContext, outcome: JobOutcome) {
  const [only] = data;
  return {
    ...(outcome === 'complete' && result !== undefined ? { result } : {}),
    ...(data.length === 1 && only !== undefined ? { data: only } : {}),
    ...(outcome === 'failed' && reason !== undefined ? { reason } : {}),
  };
}
