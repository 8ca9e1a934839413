import { describe, expect, it } from 'vitest';
import { assign, emit, setup } from 'xstate';
import { createStepper } from '../../src/runtime/step.ts';

const lamp = setup({
  types: {
    context: {} as { watts: number },
    input: {} as { watts: number },
    events: {} as { type: 'switch' } | { type: 'nothing' } | { type: 'break' },
    emitted: {} as { type: 'lit' | 'dark'; watts: number },
  },
  delays: { tooLong: ({ context }) => context.watts * 10 },
}).createMachine({
  id: 'lamp',
  context: ({ input }) => ({ watts: input.watts }),
  initial: 'off',
  states: {
    off: { on: { switch: 'on' } },
    on: {
      entry: emit(({ context }) => ({ type: 'lit', watts: context.watts })),
      exit: emit(({ context }) => ({ type: 'dark', watts: context.watts })),
      after: { tooLong: 'off' },
      on: {
        switch: 'off',
        break: {
          actions: assign(() => {
            throw new Error('fuse');
          }),
        },
      },
    },
  },
});

describe('a stepped machine', () => {
  const stepper = createStepper(lamp);

  it('loses no emitted effect', () => {
    const { snapshot } = stepper.start({ watts: 40 });
    const on = stepper.step(snapshot, { type: 'switch' });
    expect(on.effects).toEqual([{ type: 'lit', watts: 40 }]);
    expect(stepper.step(on.snapshot, { type: 'switch' }).effects).toEqual([
      { type: 'dark', watts: 40 },
    ]);
  });

  it('sets a named delay as a timer, and clears it under the same key', () => {
    const { snapshot } = stepper.start({ watts: 40 });
    const on = stepper.step(snapshot, { type: 'switch' });
    expect(on.timers).toMatchObject([{ kind: 'set', afterMs: 400 }]);
    const key = on.timers[0]?.key;
    expect(stepper.step(on.snapshot, { type: 'switch' }).timers).toEqual([{ kind: 'clear', key }]);
  });

  it('takes the delayed event when it comes', () => {
    const on = stepper.step(stepper.start({ watts: 40 }).snapshot, { type: 'switch' });
    const [timer] = on.timers;
    const event = timer?.kind === 'set' ? timer.event : { type: 'none' };
    expect(stepper.step(on.snapshot, event).snapshot.value).toBe('off');
  });

  it('starts a clone of the template as it starts a fresh one', () => {
    const used = createStepper(lamp);
    used.start({ watts: 1 });
    const clone = used.start({ watts: 60 });
    const fresh = createStepper(lamp).start({ watts: 60 });
    expect(used.persist(clone.snapshot)).toEqual(used.persist(fresh.snapshot));
    const event = { type: 'switch' };
    const [cloned, made] = [clone, fresh].map(({ snapshot }) => stepper.step(snapshot, event));
    expect(cloned?.effects).toEqual(made?.effects);
    expect(cloned?.timers).toEqual(made?.timers);
  });

  it('repeats the actions of an initial transition for every actor', () => {
    const greeter = setup({
      types: { context: {}, emitted: {} as { type: 'hello' } },
    }).createMachine({
      context: () => ({}),
      initial: { target: 'there', actions: emit({ type: 'hello' }) },
      states: { there: {} },
    });
    const used = createStepper(greeter);
    expect(used.start({}).effects).toEqual([{ type: 'hello' }]);
    expect(used.start({}).effects).toEqual([{ type: 'hello' }]);
  });

  it('gives the same snapshot back when it ignores an event', () => {
    const { snapshot } = stepper.start({ watts: 40 });
    const ignored = stepper.step(snapshot, { type: 'nothing' });
    expect(ignored.snapshot).toBe(snapshot);
    expect(ignored.effects).toEqual([]);
  });

  it('throws what an action throws, and can be stepped again', () => {
    const on = stepper.step(stepper.start({ watts: 40 }).snapshot, { type: 'switch' });
    expect(() => stepper.step(on.snapshot, { type: 'break' })).toThrow('fuse');
    expect(stepper.step(on.snapshot, { type: 'switch' }).snapshot.value).toBe('off');
  });

  it('is restored from JSON to behave alike', () => {
    const on = stepper.step(stepper.start({ watts: 40 }).snapshot, { type: 'switch' });
    const stored: unknown = JSON.parse(JSON.stringify(stepper.persist(on.snapshot)));
    const off = stepper.step(stepper.restore(stored), { type: 'switch' });
    expect(off).toMatchObject({
      effects: [{ type: 'dark', watts: 40 }],
      timers: [{ kind: 'clear' }],
    });
    expect(off.snapshot.value).toBe('off');
  });

  it('refuses to restore a state that the machine does not have', () => {
    const { snapshot } = stepper.start({ watts: 40 });
    const stored = { ...(stepper.persist(snapshot) as object), value: 'dimmed' };
    expect(() => stepper.restore(stored)).toThrow('dimmed');
  });
});
