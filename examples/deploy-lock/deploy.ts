/** One deploy: waits for its environment, rolls out, gives the environment back, and tells whoever asked. */
import { cancelAttempt, defineActor, reply, replyTo, toActor, toJob } from 'millrace';
import { assign, emit, setup } from 'xstate';
import { z } from 'zod';

type Input = { environment: string; version: string; replyTo?: string };

// #region machine
const machine = setup({
  types: {
    input: {} as Input,
    context: {} as Input & { attempt: number; problem: string },
    events: {} as
      | ({ type: 'deploy.start' } & Input)
      | { type: 'deploy.cancel' }
      | { type: 'lock.granted' | 'lock.expired' }
      | { type: 'attempt.succeeded' | 'attempt.stopped' }
      | { type: 'attempt.failed'; reason: string },
    emitted: {} as
      | { type: 'requestLock' | 'releaseLock'; environment: string }
      | { type: 'rollOut'; environment: string; version: string; attempt: number }
      | { type: 'stopRollOut' }
      | { type: 'confirm'; text: string }
      | { type: 'answer'; replyTo: string | undefined; result: object },
  },
  // #region delays
  delays: { patience: 60 * 60_000 },
  // #endregion
  guards: { mayRetry: ({ context }) => context.attempt < 3 },
  actions: {
    requestLock: emit(({ context: { environment } }) => ({ type: 'requestLock', environment })),
    releaseLock: emit(({ context: { environment } }) => ({ type: 'releaseLock', environment })),
    countAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
    rollOut: emit(({ context: { environment, version, attempt } }) => ({
      type: 'rollOut',
      environment,
      version,
      attempt,
    })),
    stopRollOut: emit({ type: 'stopRollOut' }),
    confirm: emit((_, text: string) => ({ type: 'confirm', text })),
    blame: assign({ problem: (_, problem: string) => problem }),
    blameAttempt: assign({
      problem: ({ event }) => (event.type === 'attempt.failed' ? event.reason : ''),
    }),
    answer: emit(({ context: { replyTo, environment, version, problem } }) => ({
      type: 'answer',
      replyTo,
      result: problem === '' ? { environment, version } : { environment, problem },
    })),
  },
}).createMachine({
  id: 'deploy',
  context: ({ input: { environment, version, replyTo } }) => ({
    ...{ environment, version, attempt: 0, problem: '' },
    ...(replyTo !== undefined && { replyTo }),
  }),
  initial: 'waiting',
  states: {
    waiting: {
      entry: 'requestLock',
      after: { patience: { target: 'over', actions: blame('the lock was not free for an hour') } },
      on: {
        'lock.granted': 'rollingOut',
        'deploy.cancel': {
          target: 'over',
          actions: [blame('cancelled'), confirm('cancelled before it began')],
        },
      },
    },
    rollingOut: {
      entry: ['countAttempt', 'rollOut'],
      on: {
        'attempt.succeeded': 'over',
        'attempt.failed': [
          { guard: 'mayRetry', target: 'rollingOut', reenter: true },
          { target: 'over', actions: 'blameAttempt' },
        ],
        'lock.expired': { target: 'stopping', actions: blame('it held the lock for too long') },
        'deploy.cancel': {
          target: 'stopping',
          actions: [blame('cancelled'), confirm('stopping the roll-out')],
        },
      },
    },
    stopping: {
      entry: 'stopRollOut',
      on: { 'attempt.succeeded': 'over', 'attempt.failed': 'over', 'attempt.stopped': 'over' },
    },
    over: { type: 'final', entry: ['releaseLock', 'answer'] },
  },
});
// #endregion

function blame(problem: string) {
  return { type: 'blame', params: problem } as const;
}

function confirm(text: string) {
  return { type: 'confirm', params: text } as const;
}

// #region actor
export const deploy = defineActor({
  kind: 'deploy',
  machine,
  accepts: {
    'deploy.start': z.object({ environment: z.string().regex(/^[\w-]+$/), version: z.string() }),
    'deploy.cancel': z.object({}),
    'lock.granted': z.object({}),
    'lock.expired': z.object({}),
  },
  startedBy: ['deploy.start'],
  repliesLater: ['deploy.start'],
  effects: {
    // #region messages
    requestLock: ({ environment }) => toActor(lockOf(environment), { type: 'lock.request' }),
    releaseLock: ({ environment }) => toActor(lockOf(environment), { type: 'lock.release' }),
    // #endregion
    // #region attempt
    rollOut: ({ environment, version, attempt }) =>
      toJob('roll-out', { type: 'roll-out', args: { environment, version }, attempt }),
    stopRollOut: () => cancelAttempt('roll-out'),
    // #endregion
    // #region replies
    confirm: ({ text }) => reply({ text }),
    answer: ({ replyTo: address, result }) => replyTo(address, result),
    // #endregion
  },
  queries: { type: ({ context }) => `deploy to ${context.environment}` },
});

/** Each environment is a group of its own. */
function lockOf(environment: string): string {
  return `${environment}/environment/main`;
}
// #endregion
