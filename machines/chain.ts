import { and, assertEvent, emit, enqueueActions, setup } from 'xstate';
import { find, toChunks } from './chunks.ts';
import type { Plan } from './graph.ts';
import { hasFailed, isComplete, isDone, isIdle, isRunning, noProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { abandonAll, finishJob, resumeAll, stopAll } from './sequences.ts';
import { endWait, makeReady, startReady } from './starting.ts';
import { countStarted, takeTurn } from './turn.ts';
import type { ChainContext, ChainEffect, ChainState, JobFinished, Mode, Turn } from './turn.ts';

/** One request's DAG of jobs: what may run next, when it is done; sequence retry, stop and suspend. */

export type { ChainContext, ChainEffect, ChainState, JobFinished } from './turn.ts';

export type ChainCreate = {
  type: 'chain.create';
  plan: Plan;
  requestType: string;
  args: unknown;
  user?: string;
  labels?: Readonly<Record<string, string>>;
};

export type ChainEvent =
  | ChainCreate
  | JobFinished
  /** A job begins or ends a retry wait, in which no attempt of it is unanswered. */
  | { type: 'job.waiting'; job: number }
  | { type: 'job.retrying'; job: number }
  | { type: 'sequence.due'; sequence: number }
  | { type: 'request.stop' }
  | { type: 'request.suspend' }
  | { type: 'request.resume' };

/** How long jobs may take to stop (specification 12.7). */
export const stopDeadlineMs = 10_000;

type Refusal = { state: ChainState; message: string };
type Enqueue = { assign(context: ChainContext): void; emit(effect: ChainEffect): void };

export const chainMachine = setup({
  types: {
    context: {} as ChainContext,
    events: {} as ChainEvent,
    emitted: {} as ChainEffect,
  },
  delays: {
    stopDeadline: stopDeadlineMs,
  },
  guards: {
    isRunningJob: ({ context, event }) => 'job' in event && isRunning(context.progress, event.job),
    isInWait: ({ context, event }) => isInWait(context, event),
    isDone: ({ context }) => isDone(context.progress),
    isIdle: ({ context }) => isIdle(context.progress),
    isComplete: ({ context }) => isComplete(context.progress),
    hasFailed: ({ context }) => hasFailed(context.progress),
  },
  actions: {
    create: enqueueActions(({ event, enqueue }) => {
      assertEvent(event, 'chain.create');
      apply(enqueue, takeTurn(created(event), 'running', begin));
    }),
    finishJob: enqueueActions(({ context, event, enqueue }, mode: Mode) => {
      assertEvent(event, 'job.finished');
      apply(enqueue, takeTurn(context, mode, (turn) => goOn(turn, () => finishJob(turn, event))));
    }),
    countWait: enqueueActions(({ context, event, enqueue }, mode: Mode) => {
      assertEvent(event, ['job.waiting', 'job.retrying']);
      const isWaiting = event.type === 'job.waiting';
      apply(enqueue, takeTurn(context, mode, (turn) => goOn(turn, () => countWait(turn, event.job, isWaiting))));
    }),
    endWait: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, 'sequence.due');
      apply(enqueue, takeTurn(context, 'running', (turn) => goOn(turn, () => endWait(turn, event.sequence))));
    }),
    stopAll: enqueueActions(({ context, enqueue }, mode: Mode) => {
      const turned = takeTurn(context, mode, stopAll);
      apply(enqueue, turned);
      enqueue.emit({ type: 'answer', ok: true, state: settled(mode, turned.context.progress) });
    }),
    abandonAll: enqueueActions(({ context, enqueue }, mode: Mode) => {
      apply(enqueue, takeTurn(context, mode, abandonAll));
    }),
    resumeAll: enqueueActions(({ context, enqueue }) => {
      const turned = takeTurn(context, 'running', (turn) => goOn(turn, () => resumeAll(turn)));
      apply(enqueue, turned);
      enqueue.emit({ type: 'answer', ok: true, state: settled('running', turned.context.progress) });
    }),
    accept: emit((_, state: ChainState) => ({ type: 'answer', ok: true, state })),
    refuse: emit((_, { state, message }: Refusal) => ({ type: 'answer', ok: false, state, message })),
    end: emit((_, state: 'complete' | 'failed' | 'stopped') => ({ type: 'ended', state })),
  },
}).createMachine({
  id: 'chain',
  version: '1',
  context: () => emptyContext(),
  initial: 'pending',
  states: {
    pending: {
      on: {
        'chain.create': { target: 'running', actions: 'create' },
        'request.stop': { actions: refusal('pending', 'it has not begun') },
        'request.suspend': { actions: refusal('pending', 'only a running request can be suspended') },
        'request.resume': { actions: refusal('pending', 'only a suspended request can be resumed') },
      },
    },
    running: {
      always: [
        { guard: and(['isDone', 'isComplete']), target: 'complete' },
        { guard: 'isDone', target: 'failed' },
      ],
      on: {
        'job.finished': { guard: 'isRunningJob', actions: { type: 'finishJob', params: 'running' } },
        'job.waiting': { guard: 'isRunningJob', actions: { type: 'countWait', params: 'running' } },
        'job.retrying': { guard: 'isRunningJob', actions: { type: 'countWait', params: 'running' } },
        'sequence.due': { guard: 'isInWait', actions: 'endWait' },
        'request.stop': { target: 'stopping', actions: { type: 'stopAll', params: 'stopping' } },
        'request.suspend': { target: 'suspending', actions: { type: 'stopAll', params: 'suspending' } },
        'request.resume': { actions: refusal('running', 'only a suspended request can be resumed') },
      },
    },
    stopping: {
      always: [
        { guard: and(['isIdle', 'isComplete']), target: 'complete' },
        { guard: and(['isIdle', 'hasFailed']), target: 'failed' },
        { guard: 'isIdle', target: 'stopped' },
      ],
      after: { stopDeadline: { actions: { type: 'abandonAll', params: 'stopping' } } },
      on: {
        'job.finished': { guard: 'isRunningJob', actions: { type: 'finishJob', params: 'stopping' } },
        'job.waiting': { guard: 'isRunningJob', actions: { type: 'countWait', params: 'stopping' } },
        'job.retrying': { guard: 'isRunningJob', actions: { type: 'countWait', params: 'stopping' } },
        'request.stop': { actions: { type: 'accept', params: 'stopping' } },
        'request.suspend': { actions: refusal('stopping', 'only a running request can be suspended') },
        'request.resume': { actions: refusal('stopping', 'only a suspended request can be resumed') },
      },
    },
    suspending: {
      always: [
        { guard: and(['isIdle', 'isComplete']), target: 'complete' },
        { guard: and(['isIdle', 'hasFailed']), target: 'failed' },
        { guard: 'isIdle', target: 'suspended' },
      ],
      after: { stopDeadline: { actions: { type: 'abandonAll', params: 'suspending' } } },
      on: {
        'job.finished': { guard: 'isRunningJob', actions: { type: 'finishJob', params: 'suspending' } },
        'job.waiting': { guard: 'isRunningJob', actions: { type: 'countWait', params: 'suspending' } },
        'job.retrying': { guard: 'isRunningJob', actions: { type: 'countWait', params: 'suspending' } },
        'request.stop': { actions: refusal('suspending', 'it can be stopped once it is SUSPENDED') },
        'request.suspend': { actions: { type: 'accept', params: 'suspending' } },
        'request.resume': { actions: refusal('suspending', 'only a suspended request can be resumed') },
      },
    },
    suspended: {
      on: {
        'request.stop': { target: 'stopped', actions: { type: 'accept', params: 'stopped' } },
        'request.suspend': { actions: { type: 'accept', params: 'suspended' } },
        'request.resume': { target: 'running', actions: 'resumeAll' },
      },
    },
    complete: over('complete'),
    failed: over('failed'),
    stopped: over('stopped'),
  },
});

function emptyContext(): ChainContext {
  const none = { jobs: toChunks([]), sequences: toChunks([]), maxStarted: 0 };
  return { requestType: '', args: null, ...none, progress: noProgress([], []), resumption: 0, reasons: [] };
}

function created({ plan, requestType, args, user, labels }: ChainCreate): ChainContext {
  return {
    ...emptyContext(),
    requestType,
    args,
    ...(user === undefined ? {} : { user }),
    ...(labels === undefined ? {} : { labels }),
    jobs: toChunks(plan.jobs),
    sequences: toChunks(plan.sequences),
    maxStarted: plan.maxStarted,
    progress: noProgress(plan.jobs, plan.sequences),
  };
}

function begin(turn: Turn): void {
  for (let job = 0; job < turn.rows.size; job += 1) {
    if (turn.rows.at(job).open === 0) makeReady(turn, job);
  }
  startReady(turn);
}

/** After each change a running chain begins what has become possible; another begins nothing. */
function goOn(turn: Turn, change: () => void): void {
  change();
  if (turn.mode === 'running') startReady(turn);
}

function countWait(turn: Turn, job: number, isWaiting: boolean): void {
  const { waiting, ...row } = turn.rows.at(job);
  if (isWaiting === (waiting === true)) return;
  turn.rows.set(job, isWaiting ? { ...row, waiting: true } : row);
  countStarted(turn, job, isWaiting ? -1 : 1);
}

function apply(enqueue: Enqueue, turned: { context: ChainContext; effects: ChainEffect[] }): void {
  enqueue.assign(turned.context);
  for (const effect of turned.effects) enqueue.emit(effect);
}

/** Where the chain is once the table's `always` has spoken: what a command's answer names. */
function settled(mode: Mode, progress: Progress): ChainState {
  if (mode === 'running' ? !isDone(progress) : !isIdle(progress)) return mode;
  if (isComplete(progress)) return 'complete';
  if (mode === 'running' || hasFailed(progress)) return 'failed';
  return mode === 'stopping' ? 'stopped' : 'suspended';
}

function isInWait({ progress }: ChainContext, event: ChainEvent): boolean {
  return event.type === 'sequence.due' && find(progress.sequences, event.sequence)?.waiting === true;
}

/** A refused command changes nothing; the message names the state (specification 12.7, 12.10). */
function refusal(state: ChainState, remedy: string) {
  const message = `the request is ${state.toUpperCase()}; ${remedy}`;
  return { type: 'refuse', params: { state, message } } as const;
}

/** A chain that has ended still answers commands: it is stopped already, and cannot be resumed. */
function over(state: 'complete' | 'failed' | 'stopped') {
  return {
    type: 'final',
    entry: { type: 'end', params: state },
    on: {
      'request.stop': { actions: { type: 'accept', params: state } },
      'request.suspend': { actions: refusal(state, 'only a running request can be suspended') },
      'request.resume': { actions: refusal(state, 'only a suspended request can be resumed') },
    },
  } as const;
}
