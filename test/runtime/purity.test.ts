import { describe, expect, it } from 'vitest';
import {
  assign,
  createMachine,
  emit,
  enqueueActions,
  fromPromise,
  raise,
  sendTo,
  setup,
  spawnChild,
} from 'xstate';
import type { AnyStateMachine } from 'xstate';
import { refuseImpure } from '../../src/runtime/purity.ts';

function refused(machine: AnyStateMachine, ...words: string[]): void {
  const attempt = (): unknown => refuseImpure('shop', machine);
  expect(attempt).toThrow(expect.objectContaining({ code: 'definition' }));
  for (const word of ['actor "shop"', ...words]) expect(attempt).toThrow(word);
}

const child = fromPromise(() => Promise.resolve(1));

describe('a machine that could not be replayed is refused, naming the state', () => {
  it('when it invokes', () => {
    const open = { invoke: { src: child } };
    refused(createMachine({ id: 'm', initial: 'open', states: { open } }), '"m.open" uses invoke');
  });

  it('when it spawns a child', () => {
    const open = { entry: spawnChild(child) };
    refused(
      createMachine({ id: 'm', initial: 'open', states: { open } }),
      '"m.open"',
      'spawnChild',
    );
  });

  it('when it sends to another actor', () => {
    const open = { on: { go: { actions: sendTo('other', { type: 'hi' }) } } };
    refused(createMachine({ id: 'm', initial: 'open', states: { open } }), '"m.open"', 'sendTo');
  });

  it('when it runs a plain function, wherever that stands', () => {
    const run = (): void => undefined;
    const inner = { initial: 'deep', states: { deep: { exit: run } } };
    refused(
      createMachine({ id: 'm', initial: 'a', states: { a: inner } }),
      '"m.a.deep" runs a plain function',
    );
    refused(
      createMachine({
        id: 'm',
        initial: 'a',
        states: { a: { always: { actions: run, guard: () => false } } },
      }),
      '"m.a"',
    );
    refused(
      createMachine({ id: 'm', initial: 'a', states: { a: { after: { 5: { actions: run } } } } }),
      '"m.a"',
    );
    refused(createMachine({ id: 'm', on: { go: { actions: run } } }), '"m"');
  });

  it('when an action that it names is a plain function, or is not there', () => {
    const machine = setup({ actions: { beep: () => undefined } }).createMachine({
      id: 'm',
      entry: 'beep',
    });
    refused(machine, 'plain function in the action "beep"');
    refused(createMachine({ id: 'm', entry: 'boop' }), '"boop", which the machine does not have');
  });
});

it('a machine that assigns, emits, raises and waits is taken', () => {
  const machine = createMachine({
    initial: 'a',
    states: {
      a: {
        entry: [
          assign({}),
          emit({ type: 'x' }),
          raise({ type: 'y' }),
          enqueueActions(() => undefined),
        ],
        after: { 100: 'b' },
      },
      b: { type: 'final' },
    },
  });
  expect(() => refuseImpure('shop', machine)).not.toThrow();
});
