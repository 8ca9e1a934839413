/** A machine stepped twice: from its table and by XState's own interpreter, which must agree on everything. */
import { isDeepStrictEqual } from 'node:util';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { createStepper } from '../../src/runtime/step.ts';
import type { Stepped, Stepper } from '../../src/runtime/step.ts';

/** Steps like `createStepper`; throws where the two differ. */
export function createTwin(machine: AnyStateMachine): Stepper {
  const table = createStepper(machine);
  const interpreter = createStepper(machine, { isInterpreted: true });
  const references = new WeakMap<AnyMachineSnapshot, AnyMachineSnapshot>();
  const agreed = (event: unknown, ours: Stepped, theirs: Stepped): Stepped => {
    references.set(ours.snapshot, theirs.snapshot);
    if (isDeepStrictEqual(comparable(ours), comparable(theirs))) return ours;
    throw new Error(
      `after ${JSON.stringify(event)} the table has ${JSON.stringify(comparable(ours))} and XState ${JSON.stringify(comparable(theirs))}`,
    );
  };
  return {
    ...table,
    start: (input) => agreed('start', table.start(input), interpreter.start(input)),
    step(snapshot, event) {
      const reference = references.get(snapshot) ?? snapshot;
      const ours = table.step(snapshot, event);
      const theirs = interpreter.step(reference, event);
      if ((ours.snapshot === snapshot) !== (theirs.snapshot === reference)) {
        throw new Error(`only one of the two ignores ${JSON.stringify(event)}`);
      }
      return agreed(event, ours, theirs);
    },
  };
}

function comparable({ snapshot, effects, timers }: Stepped): object {
  const { value, status, context, tags } = snapshot;
  const state: unknown = value;
  return { state, status, context: context as unknown, tags: [...tags], effects, timers };
}
