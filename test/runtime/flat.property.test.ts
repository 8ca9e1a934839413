/** Random flat machines and histories: the table steps as XState does, and what is not flat is left to XState. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { and, assign, cancel, createMachine, emit, enqueueActions, log, not, or } from 'xstate';
import { raise, setup } from 'xstate';
import type { AnyStateMachine } from 'xstate';
import { compileFlat } from '../../src/runtime/flat.ts';
import { createTwin } from '../machines/twin.ts';

type Context = { n: number; seen: string };

const events = ['go', 'back', 'stay', 'poke', 'wake'];
const states = ['a', 'b', 'c', 'end'];

/** Inside of `setup` XState's types know no names yet. */
function named(reference: unknown): never {
  return reference as never;
}

const kinds = setup({
  types: { context: {} as Context, events: {} as { type: string; by?: number } },
  delays: { byCount: ({ context }) => context.n * 10, fixed: 50 },
  guards: {
    isEven: ({ context }) => context.n % 2 === 0,
    isBelow: ({ context }, { limit }: { limit: number }) => context.n < limit,
    hasBy: ({ event }) => event.by !== undefined,
  },
  actions: {
    count: assign({ n: ({ context }) => context.n + 1 }),
    note: assign(({ context, event }, text: string) => ({
      seen: `${context.seen}${text}${event.type[0] ?? ''}`.slice(-20),
    })),
    tell: emit(({ context, event }) => ({ type: 'told', n: context.n, by: event.by })),
    // Counts, so that raising ends.
    poke: enqueueActions(({ context, enqueue }) => {
      if (context.n > 8) return;
      enqueue.assign({ n: context.n + 1 });
      enqueue.raise({ type: 'stay' });
    }),
    pokeLater: raise(({ context }: { context: Context }) => ({ type: 'wake', by: context.n }), {
      id: 'later',
      delay: 'byCount',
    }),
    forget: cancel('later'),
    write: log('written'),
    many: enqueueActions(({ context, enqueue, check }, by: number) => {
      enqueue.assign({ n: context.n + by });
      if (check(named('isEven'))) enqueue(named('tell'));
      enqueue(named({ type: 'note', params: 'm' }));
      if (context.n < 6) enqueue.raise({ type: 'poke' });
      enqueue.emit(() => ({ type: 'told', n: context.n }));
      enqueue.cancel('later');
    }),
  },
});

const guards = [
  undefined,
  'isEven',
  'hasBy',
  { type: 'isBelow', params: { limit: 7 } },
  { type: 'isBelow', params: ({ context }: { context: Context }) => ({ limit: context.n + 1 }) },
  and(['isEven', { type: 'isBelow', params: { limit: 9 } }]),
  or(['hasBy', 'isEven']),
  not('hasBy'),
  ({ context }: { context: Context }) => context.n > 2,
];
const actions = [
  'count',
  'tell',
  'poke',
  'pokeLater',
  'forget',
  'write',
  { type: 'note', params: 'x' },
  { type: 'many', params: 1 },
  { type: 'many', params: ({ context }: { context: Context }) => context.n + 1 },
  assign({ seen: '' }),
  emit({ type: 'told', n: -1 }),
];

const action = fc.nat(actions.length - 1).map((n) => actions[n]);
const someActions = fc.array(action, { maxLength: 3 });
const move = fc.record({
  guard: fc.nat(guards.length - 1).map((n) => guards[n]),
  target: fc.constantFrom(undefined, undefined, ...states),
  reenter: fc.boolean(),
  actions: someActions,
});
/** Each eventless move counts, and is only taken below a limit: the machine gets quiet. */
const eventless = fc.record({
  guard: fc.constant({ type: 'isBelow', params: { limit: 4 } }),
  target: fc.constantFrom(undefined, 'a', 'b', 'c'),
  actions: someActions.map((list) => ['count', ...list]),
});
const state = fc.record({
  on: fc.dictionary(fc.constantFrom(...events), fc.array(move, { minLength: 1, maxLength: 3 })),
  entry: someActions,
  exit: someActions,
  always: fc.array(eventless, { maxLength: 1 }),
  after: fc.constantFrom({}, { fixed: 'b' }, { byCount: { target: 'a', actions: 'count' } }),
});
const final = fc.record({
  type: fc.constant('final'),
  entry: someActions,
  on: fc.constantFrom({}, { poke: { actions: 'tell' } }, { go: { actions: 'count' } }),
});

type Config = Parameters<(typeof kinds)['createMachine']>[0];

/** The parts are of the right kinds; XState's types cannot follow that they are put together at random. */
function asMachine(config: unknown): AnyStateMachine {
  return kinds.createMachine(config as Config);
}

const machine = fc.record({ a: state, b: state, c: state, end: final }).map((parts) =>
  asMachine({
    id: 'random',
    context: () => ({ n: 0, seen: '' }),
    initial: 'a',
    states: {
      start: {},
      ...parts,
      // The first state asks for nothing, so that both steppers begin at the same place.
      a: { on: parts.a.on },
    },
  }),
);

const event = fc.record(
  { type: fc.constantFrom(...events, 'unknown'), by: fc.nat(3) },
  { requiredKeys: ['type'] },
);

test('a table makes the moves, effects and timers of XState', () => {
  fc.assert(
    fc.property(machine, fc.array(event, { maxLength: 25 }), (random, history) => {
      expect(compileFlat(random)).toBeDefined();
      const twin = createTwin(random);
      let { snapshot } = twin.start(undefined);
      for (const each of history) {
        const { timers, ...stepped } = twin.step(snapshot, each);
        snapshot = stepped.snapshot;
        const set = timers.find((timer) => timer.kind === 'set');
        if (set?.kind === 'set' && snapshot.status === 'active')
          ({ snapshot } = twin.step(snapshot, set.event));
      }
    }),
    { numRuns: 500 },
  );
});

describe('a machine that is more than flat is left to XState:', () => {
  const other: [string, AnyStateMachine][] = [
    [
      'nested states',
      createMachine({ initial: 'a', states: { a: { initial: 'b', states: { b: {} } } } }),
    ],
    ['parallel states', createMachine({ type: 'parallel', states: { a: {}, b: {} } })],
    [
      'transitions of the root',
      createMachine({ initial: 'a', on: { x: '.a' }, states: { a: {} } }),
    ],
    ['wildcards', createMachine({ initial: 'a', states: { a: { on: { '*': 'b' } }, b: {} } })],
    ['an output', createMachine({ initial: 'a', states: { a: { type: 'final' } }, output: 1 })],
    ['history', createMachine({ initial: 'a', states: { a: {}, h: { type: 'history' } } })],
  ];
  it.each(other)('%s', (_, each) => {
    expect(compileFlat(each)).toBeUndefined();
  });
});
