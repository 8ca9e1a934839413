import { and, assertEvent, assign, emit, enqueueActions, setup } from 'xstate';
import { find } from './chunks.ts';
import {
  abandon,
  beginWaited,
  changeWait,
  create,
  emptyContext,
  finish,
  halt,
  noteExpiry,
  resume,
} from './moves.ts';
import type { ChainCreate, JobWait } from './moves.ts';
import { hasFailed, isComplete, isDone, isIdle, isRunning } from './progress.ts';
import type { ChainContext, ChainEffect, ChainState, JobFinished, Mode, Turned } from './turn.ts';

/** One request's DAG of jobs: what may run next, when it is done; sequence retry, stop and suspend. */

export type { ChainCreate } from './moves.ts';
export type { ChainContext, ChainEffect, ChainState, JobFinished } from './turn.ts';

export type ChainEvent =
  | ChainCreate
  | JobFinished
  | JobWait
  | { type: 'sequence.due'; sequence: number }
  | { type: 'request.stop' }
  | { type: 'request.suspend' }
  | { type: 'request.resume' }
  | { type: 'request.expired' };

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
      apply(enqueue, create(event));
    }),
    finishJob: enqueueActions(({ context, event, enqueue }, mode: Mode) => {
      assertEvent(event, 'job.finished');
      apply(enqueue, finish(context, mode, event));
    }),
    countWait: enqueueActions(({ context, event, enqueue }, mode: Mode) => {
      assertEvent(event, ['job.waiting', 'job.retrying']);
      apply(enqueue, changeWait(context, mode, event));
    }),
    endWait: enqueueActions(({ context, event, enqueue }) => {
      assertEvent(event, 'sequence.due');
      apply(enqueue, beginWaited(context, event.sequence));
    }),
    stopAll: enqueueActions(({ context, enqueue }, mode: Mode) => {
      apply(enqueue, halt(context, mode));
    }),
    abandonAll: enqueueActions(({ context, enqueue }, mode: Mode) => {
      apply(enqueue, abandon(context, mode));
    }),
    resumeAll: enqueueActions(({ context, enqueue }) => {
      apply(enqueue, resume(context));
    }),
    beginExpiry: enqueueActions(({ context: { suspendedTtlMs: afterMs }, enqueue }) => {
      if (afterMs !== undefined) enqueue.emit({ type: 'waitExpiry', afterMs });
    }),
    endExpiry: enqueueActions(({ context, enqueue }) => {
      if (context.suspendedTtlMs !== undefined) enqueue.emit({ type: 'clearExpiry' });
    }),
    noteExpiry: assign(({ context }) => noteExpiry(context)),
    accept: emit((_, state: ChainState) => ({ type: 'answer', ok: true, state })),
    refuse: emit((_, { state, message }: Refusal) => ({
      type: 'answer',
      ok: false,
      state,
      message,
    })),
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
        'request.suspend': {
          actions: refusal('pending', 'only a running request can be suspended'),
        },
        'request.resume': {
          actions: refusal('pending', 'only a suspended request can be resumed'),
        },
      },
    },
    running: {
      always: [
        { guard: and(['isDone', 'isComplete']), target: 'complete' },
        { guard: 'isDone', target: 'failed' },
      ],
      on: {
        'job.finished': {
          guard: 'isRunningJob',
          actions: { type: 'finishJob', params: 'running' },
        },
        'job.waiting': { guard: 'isRunningJob', actions: { type: 'countWait', params: 'running' } },
        'job.retrying': {
          guard: 'isRunningJob',
          actions: { type: 'countWait', params: 'running' },
        },
        'sequence.due': { guard: 'isInWait', actions: 'endWait' },
        'request.stop': { target: 'stopping', actions: { type: 'stopAll', params: 'stopping' } },
        'request.suspend': {
          target: 'suspending',
          actions: { type: 'stopAll', params: 'suspending' },
        },
        'request.resume': {
          actions: refusal('running', 'only a suspended request can be resumed'),
        },
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
        'job.finished': {
          guard: 'isRunningJob',
          actions: { type: 'finishJob', params: 'stopping' },
        },
        'job.waiting': {
          guard: 'isRunningJob',
          actions: { type: 'countWait', params: 'stopping' },
        },
        'job.retrying': {
          guard: 'isRunningJob',
          actions: { type: 'countWait', params: 'stopping' },
        },
        'request.stop': { actions: { type: 'accept', params: 'stopping' } },
        'request.suspend': {
          actions: refusal('stopping', 'only a running request can be suspended'),
        },
        'request.resume': {
          actions: refusal('stopping', 'only a suspended request can be resumed'),
        },
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
        'job.finished': {
          guard: 'isRunningJob',
          actions: { type: 'finishJob', params: 'suspending' },
        },
        'job.waiting': {
          guard: 'isRunningJob',
          actions: { type: 'countWait', params: 'suspending' },
        },
        'job.retrying': {
          guard: 'isRunningJob',
          actions: { type: 'countWait', params: 'suspending' },
        },
        'request.stop': {
          actions: refusal('suspending', 'it can be stopped once it is SUSPENDED'),
        },
        'request.suspend': { actions: { type: 'accept', params: 'suspending' } },
        'request.resume': {
          actions: refusal('suspending', 'only a suspended request can be resumed'),
        },
      },
    },
    suspended: {
      entry: 'beginExpiry',
      on: {
        'request.stop': {
          target: 'stopped',
          actions: ['endExpiry', { type: 'accept', params: 'stopped' }],
        },
        'request.suspend': { actions: { type: 'accept', params: 'suspended' } },
        'request.resume': { target: 'running', actions: ['endExpiry', 'resumeAll'] },
        'request.expired': { target: 'failed', actions: 'noteExpiry' },
      },
    },
    complete: over('complete'),
    failed: over('failed'),
    stopped: over('stopped'),
  },
});

function apply(enqueue: Enqueue, turned: Turned): void {
  enqueue.assign(turned.context);
  for (const effect of turned.effects) enqueue.emit(effect);
}

function isInWait({ progress }: ChainContext, event: ChainEvent): boolean {
  return (
    event.type === 'sequence.due' && find(progress.sequences, event.sequence)?.waiting === true
  );
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
