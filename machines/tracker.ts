import { assign, enqueueActions, setup } from 'xstate';
import { follow, keep } from './tracked.ts';
import type { Changes, Stepped, TrackerContext } from './tracked.ts';

/**
 * What the world may know of a request, folded from the entries of its group. Stepped over the journal
 * and not itself journaled: it can be made again at any time.
 */

export { isOver, untracked } from './tracked.ts';
export type * from './tracked.ts';

export type TrackerEvent =
  /** An entry that its group was stepped with. */
  | ({ type: 'entry.stepped' } & Stepped)
  /** An entry that its parked group keeps. */
  | { type: 'entry.kept'; seq: number; at: number; reason: string };

/** The rows to be written; the request's own is always one of them. */
export type TrackerEffect = { type: 'changed' } & Changes;

export const trackerMachine = setup({
  types: {
    input: {} as TrackerContext,
    context: {} as TrackerContext,
    events: {} as TrackerEvent,
    emitted: {} as TrackerEffect,
  },
  guards: {
    isParked: ({ context }) => context.request.parked !== undefined,
  },
  actions: {
    follow: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'entry.stepped') return;
      const { context: next, changes } = follow(context, event);
      enqueue.assign(next);
      enqueue.emit({ type: 'changed', ...changes });
    }),
    keep: assign(({ context, event }) =>
      event.type === 'entry.kept' ? keep(context, event) : context,
    ),
  },
}).createMachine({
  id: 'tracker',
  version: '1',
  context: ({ input }) => input,
  initial: 'following',
  states: {
    following: {
      always: { guard: 'isParked', target: 'parked' },
      on: {
        'entry.stepped': { actions: 'follow' },
        'entry.kept': { target: 'parked', actions: 'keep' },
      },
    },
    parked: {
      on: {
        'entry.stepped': { target: 'following', actions: 'follow' },
        'entry.kept': { actions: 'keep' },
      },
    },
  },
});
