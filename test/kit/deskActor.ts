/** A desk where questions wait until somebody answers them, oldest first: an actor that replies now and later. */
import { assign, emit, setup } from 'xstate';
import { z } from 'zod';
import { defineActor, reply, replyTo } from '../../src/index.ts';

const machine = setup({
  types: {
    context: {} as { waiting: (string | undefined)[]; ids: string[] },
    events: {} as
      | { type: 'desk.open' }
      | { type: 'desk.ask'; id: string; replyTo?: string }
      | { type: 'desk.hello' }
      | { type: 'desk.answer'; text: string }
      | { type: 'desk.close' },
    emitted: {} as { type: 'hello' } | { type: 'tell'; address: string | undefined; text: string },
  },
}).createMachine({
  id: 'desk',
  context: { waiting: [], ids: [] },
  initial: 'open',
  states: {
    open: {
      on: {
        'desk.ask': {
          actions: assign(({ context, event }) => ({
            waiting: [...context.waiting, event.replyTo],
            ids: [...context.ids, event.id],
          })),
        },
        'desk.hello': { actions: emit({ type: 'hello' }) },
        'desk.answer': {
          actions: [
            emit(({ context, event }) => ({
              type: 'tell',
              address: context.waiting[0],
              text: event.text,
            })),
            assign({ waiting: ({ context }) => context.waiting.slice(1) }),
          ],
        },
        'desk.close': 'closed',
      },
    },
    closed: { type: 'final' },
  },
});

export const desk = defineActor({
  kind: 'desk',
  machine,
  accepts: {
    'desk.open': z.object({}),
    'desk.ask': z.object({ about: z.string() }),
    'desk.hello': z.object({}),
    'desk.answer': z.object({ text: z.string() }),
    'desk.close': z.object({}),
  },
  startedBy: ['desk.open'],
  repliesLater: ['desk.ask'],
  effects: {
    hello: () => reply({ greeting: 'hello' }),
    tell: ({ address, text }) => replyTo(address, { text }),
  },
  queries: {
    waiting: ({ context }) => context.waiting.length,
    ids: ({ context }) => context.ids,
    times: ({ context }, factor) => context.waiting.length * Number(factor),
    broken: () => {
      throw new Error('never works');
    },
  },
});
