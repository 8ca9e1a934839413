/** An actor that sends numbered notes to its like in other groups, keeps those it gets, and knows which came back. */
import { assign, emit, setup } from 'xstate';
import { z } from 'zod';
import { defineActor, toActor } from '../../src/runtime/actor.ts';
import type { ActorDefinition } from '../../src/runtime/actor.ts';
import type { Group } from '../../src/runtime/group.ts';

export type Peer = { sent: number; got: { from: string; n: number }[]; back: string[] };

/** Sends numbered notes, keeps those it gets, and those that came back. */
const machine = setup({
  types: {
    context: {} as Peer,
    events: {} as
      | { type: 'peer.start' }
      | { type: 'peer.send'; to: string; isOdd: boolean }
      | { type: 'peer.note'; n: number; from: string }
      | { type: 'peer.bomb' }
      | { type: 'outbox.rejected'; message: string }
      | { type: 'peer.end' },
    emitted: {} as { type: 'note'; to: string; n: number; isOdd: boolean },
  },
}).createMachine({
  id: 'peer',
  context: { sent: 0, got: [], back: [] },
  initial: 'open',
  states: {
    open: {
      on: {
        'peer.send': {
          actions: [
            assign({ sent: ({ context }) => context.sent + 1 }),
            emit(({ context, event: { to, isOdd } }) => ({
              type: 'note',
              to,
              n: context.sent,
              isOdd,
            })),
          ],
        },
        'peer.note': {
          actions: assign({
            got: ({ context, event: { from, n } }) => [...context.got, { from, n }],
          }),
        },
        'outbox.rejected': {
          actions: assign({ back: ({ context, event }) => [...context.back, event.message] }),
        },
        'peer.bomb': {
          actions: assign(() => {
            throw new Error('boom');
          }),
        },
        'peer.end': 'over',
      },
    },
    over: { type: 'final' },
  },
});

/** The host holds machines of any type. */
function asAny(definition: unknown): ActorDefinition {
  return definition as ActorDefinition;
}

export const peerActor = asAny(
  defineActor({
    kind: 'peer',
    machine,
    accepts: {
      'peer.start': z.object({}),
      'peer.send': z.object({ to: z.string(), isOdd: z.boolean() }),
      'peer.note': z.object({ n: z.number() }),
      'peer.bomb': z.object({}),
      'peer.end': z.object({}),
    },
    startedBy: ['peer.start'],
    effects: {
      note: ({ to, n, isOdd }) =>
        toActor(`${to}/peer/main`, isOdd ? { type: 'peer.bomb' } : { type: 'peer.note', n }),
    },
  }),
);

/** What the group's peer has sent and got. */
export function peerIn(group: Group): Peer {
  const snapshot = group.actors.get('peer/main');
  if (snapshot === undefined) throw new Error(`there is no peer in ${group.id}`);
  return snapshot.context as Peer;
}
