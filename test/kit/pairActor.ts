/** Two actors of one kind that count to each other, each from a group of its own: every message has one effect, or the count is off. */
import { assign, emit, enqueueActions, setup } from 'xstate';
import { z } from 'zod';
import { defineActor, toActor } from '../../src/index.ts';

/** How far they count. */
export const lastCount = 200;

const machine = setup({
  types: {
    context: {} as { got: number[] },
    events: {} as
      { type: 'pair.begin'; to: string } | { type: 'pair.count'; n: number; from: string },
    emitted: {} as { type: 'count'; to: string; n: number },
  },
}).createMachine({
  id: 'pair',
  context: { got: [] },
  on: {
    'pair.begin': { actions: emit(({ event }) => ({ type: 'count', to: event.to, n: 1 })) },
    'pair.count': {
      actions: [
        assign({ got: ({ context, event }) => [...context.got, event.n] }),
        enqueueActions(({ enqueue, event: { from, n } }) => {
          if (n < lastCount) enqueue.emit({ type: 'count', to: from, n: n + 1 });
        }),
      ],
    },
  },
});

export const pair = defineActor({
  kind: 'pair',
  machine,
  accepts: {
    'pair.begin': z.object({ to: z.string() }),
    'pair.count': z.object({ n: z.number() }),
  },
  startedBy: ['pair.begin', 'pair.count'],
  effects: {
    count: ({ to, n }) => toActor(to, { type: 'pair.count', n }),
  },
  queries: { got: ({ context }) => context.got },
});
