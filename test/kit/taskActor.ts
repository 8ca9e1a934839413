/** An actor for tests of the host: it attempts, naps, counts, is asked, and can be made to throw. */
import { assign, emit, setup } from 'xstate';
import { z } from 'zod';
import {
  defineActor,
  forgetAttempt,
  reply,
  toActor,
  toExchange,
  toJob,
} from '../../src/runtime/actor.ts';
import { cancelAttempt, clearTimer, toTimer } from '../../src/runtime/actor.ts';
import type { ActorDefinition } from '../../src/runtime/actor.ts';

type TaskEvent =
  | { type: 'task.create'; job?: string }
  | { type: 'task.poke'; by: number }
  | { type: 'task.work'; text?: string }
  | { type: 'task.alarm'; afterMs: number }
  | { type: 'task.quiet' }
  | { type: 'task.cancel' }
  | { type: 'task.forget' }
  | { type: 'task.shout' }
  | { type: 'task.child'; child: number }
  | { type: 'task.loop' }
  | { type: 'task.stray' }
  | { type: 'task.end' }
  | { type: 'task.rang' }
  | { type: 'attempt.succeeded'; result?: unknown }
  | { type: 'attempt.failed'; reason: string }
  | { type: 'attempt.stopped' };

type TaskEffect =
  | { type: 'begin'; job: string; attempt: number; text: string }
  | { type: 'cancel' }
  | { type: 'forget' }
  | { type: 'alarm'; afterMs: number }
  | { type: 'quiet' }
  | { type: 'count'; count: number }
  | { type: 'shout'; count: number }
  | { type: 'child'; child: number }
  | { type: 'loop' }
  | { type: 'stray' };

type TaskContext = {
  job: string;
  attempt: number;
  count: number;
  text: string;
  results: unknown[];
};

export type TaskOptions = {
  /** A result that it cannot take. */
  throwsAt?: unknown;
  version?: number;
  migrate?: ActorDefinition['migrate'];
  /** Counts this many at a poke: another behaviour under the same name. */
  step?: number;
  /** State after an attempt; another one is a changed machine. */
  after?: 'napping' | 'idle';
};

/** The host holds machines of any type. */
function asAny(definition: unknown): ActorDefinition {
  return definition as ActorDefinition;
}

export function taskActor(options: TaskOptions = {}): ActorDefinition {
  const { throwsAt, version, migrate, step = 1, after = 'napping' } = options;
  const machine = setup({
    types: {
      input: {} as { type: string; job?: string },
      context: {} as TaskContext,
      events: {} as TaskEvent,
      emitted: {} as TaskEffect,
    },
    delays: { nap: 60_000 },
  }).createMachine({
    id: 'task',
    context: ({ input }) => ({
      job: input.job ?? 'work',
      attempt: 0,
      count: 0,
      text: '',
      results: [],
    }),
    initial: 'idle',
    on: {
      'task.poke': {
        actions: [
          assign({ count: ({ context, event }) => context.count + event.by * step }),
          emit(({ context }) => ({ type: 'count', count: context.count })),
        ],
      },
      'task.work': {
        target: '.working',
        reenter: true,
        actions: assign({
          text: ({ event }) => event.text ?? '',
          attempt: ({ context }) => context.attempt + 1,
        }),
      },
      'task.alarm': { actions: emit(({ event }) => ({ type: 'alarm', afterMs: event.afterMs })) },
      'task.quiet': { actions: emit({ type: 'quiet' }) },
      'task.rang': { actions: assign({ count: ({ context }) => context.count + 100 }) },
      'task.shout': { actions: emit(({ context }) => ({ type: 'shout', count: context.count })) },
      'task.child': { actions: emit(({ event }) => ({ type: 'child', child: event.child })) },
      'task.loop': { actions: emit({ type: 'loop' }) },
      'task.stray': { actions: emit({ type: 'stray' }) },
      'task.cancel': { actions: emit({ type: 'cancel' }) },
      'task.forget': { actions: emit({ type: 'forget' }) },
      'task.end': '.ended',
    },
    states: {
      idle: {},
      working: {
        entry: emit(({ context: { job, attempt, text } }) => ({
          type: 'begin',
          job,
          attempt,
          text,
        })),
        on: {
          'attempt.succeeded': {
            target: after,
            actions: assign({
              results: ({ context, event }) => {
                if (throwsAt !== undefined && event.result === throwsAt)
                  throw new Error('cannot take it');
                return [...context.results, event.result];
              },
            }),
          },
          'attempt.failed': 'idle',
          'attempt.stopped': 'idle',
        },
      },
      napping: { after: { nap: 'idle' } },
      ended: { type: 'final' },
    },
  });
  return asAny(
    defineActor({
      kind: 'task',
      machine,
      ...(version !== undefined && { version }),
      ...(migrate !== undefined && { migrate }),
      accepts: {
        'task.create': z.object({ job: z.string().optional() }),
        'task.poke': z.object({ by: z.number(), why: z.string().optional() }),
        'task.work': z.object({ text: z.string().optional() }),
        'task.alarm': z.object({ afterMs: z.number() }),
        'task.quiet': z.object({}),
        'task.cancel': z.object({}),
        'task.forget': z.object({}),
        'task.shout': z.object({}),
        'task.child': z.object({ child: z.number() }),
        'task.loop': z.object({}),
        'task.stray': z.object({}),
        'task.end': z.object({}),
        'task.unknown': z.object({}),
      },
      startedBy: ['task.create'],
      effects: {
        begin: ({ job, attempt, text }) => toJob('attempt', { type: job, args: { text }, attempt }),
        cancel: () => cancelAttempt('attempt'),
        forget: () => forgetAttempt('attempt'),
        alarm: ({ afterMs }) => toTimer('alarm', { type: 'task.rang' }, { afterMs }),
        quiet: () => clearTimer('alarm'),
        count: ({ count }) => reply({ ok: true, count }),
        shout: ({ count }) => toExchange('', 'test.world', { count }),
        child: ({ child }) => toActor(`task/${child}`, { type: 'task.create' }),
        loop: (_, { id }) => toActor(`task/${id}`, { type: 'task.loop' }),
        stray: () => toActor('nobody/1', { type: 'hello' }),
      },
      queries: { count: ({ context }) => context.count },
    }),
  );
}
