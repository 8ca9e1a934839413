/** An environment that one deploy at a time may change: the others wait, and nobody holds it for ever. */
import { defineActor, toActor } from 'millrace';
import { assign, emit, setup } from 'xstate';
import { z } from 'zod';

// #region machine
const machine = setup({
  types: {
    // Addresses of deploys: who holds the lock, and who waits for it, first come first.
    context: {} as { holder: string; queue: string[] },
    events: {} as { type: 'lock.request' | 'lock.release'; from: string },
    emitted: {} as { type: 'grant' | 'expire'; to: string },
  },
  delays: { lease: 10 * 60_000 },
  guards: {
    isHolder: ({ context, event }) => event.from === context.holder,
    someoneWaits: ({ context }) => context.queue.length > 0,
  },
  actions: {
    enqueue: assign({ queue: ({ context, event }) => [...context.queue, event.from] }),
    leaveQueue: assign({
      queue: ({ context, event }) => context.queue.filter((waiting) => waiting !== event.from),
    }),
    takeNext: assign(({ context }) => ({
      holder: context.queue[0] ?? '',
      queue: context.queue.slice(1),
    })),
    grant: emit(({ context }) => ({ type: 'grant', to: context.holder })),
    expire: emit(({ context }) => ({ type: 'expire', to: context.holder })),
    forgetHolder: assign({ holder: '' }),
  },
}).createMachine({
  id: 'environment',
  context: { holder: '', queue: [] },
  initial: 'free',
  on: { 'lock.request': { actions: 'enqueue' } },
  states: {
    free: {
      entry: 'forgetHolder',
      always: { guard: 'someoneWaits', target: 'held', actions: 'takeNext' },
    },
    held: {
      entry: 'grant',
      after: { lease: { target: 'free', actions: 'expire' } },
      on: {
        'lock.release': [{ guard: 'isHolder', target: 'free' }, { actions: 'leaveQueue' }],
      },
    },
  },
});
// #endregion

// #region actor
export const environment = defineActor({
  kind: 'environment',
  machine,
  accepts: { 'lock.request': z.object({}), 'lock.release': z.object({}) },
  startedBy: ['lock.request'],
  effects: {
    grant: ({ to }) => toActor(to, { type: 'lock.granted' }),
    expire: ({ to }) => toActor(to, { type: 'lock.expired' }),
  },
  // #region queries
  queries: {
    holder: ({ context }) => context.holder,
    queue: ({ context }) => context.queue,
  },
  // #endregion
});
// #endregion
