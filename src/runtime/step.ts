/**
 * XState made pure: (snapshot, event) → (snapshot, effects, timers). One inert scope per machine is
 * reused: it collects what a hosted actor would have done, and the runtime does it after the commit.
 */
import { createActor } from 'xstate';
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import type { ActorEvent } from './actor.ts';
import { compileFlat } from './flat.ts';

export type Effect = EventObject & Readonly<Record<string, unknown>>;

/** What an `after` or a delayed `raise` asks for; the key is XState's own id of it. */
export type TimerChange =
  { kind: 'set'; key: string; event: ActorEvent; afterMs: number } | { kind: 'clear'; key: string };

export type Stepped = { snapshot: AnyMachineSnapshot; effects: Effect[]; timers: TimerChange[] };

export type Collected = { effects: Effect[]; timers: TimerChange[] };

/** A machine that can be stepped. */
export type Stepper = {
  /** A fresh actor with this input, and what its initial state asks for. */
  start(input: unknown): Stepped;
  /** One event; the same snapshot object and nothing asked for means that it was ignored. */
  step(snapshot: AnyMachineSnapshot, event: ActorEvent): Stepped;
  /** A persisted snapshot as plain JSON. */
  persist(snapshot: AnyMachineSnapshot): unknown;
  /** The snapshot of `persist`; throws when the machine does not know its state. */
  restore(persisted: unknown): AnyMachineSnapshot;
};

/** Makes a machine steppable; `isInterpreted` keeps a flat one from being compiled, for comparing the two. */
export function createStepper(
  machine: AnyStateMachine,
  { isInterpreted = false }: { isInterpreted?: boolean } = {},
): Stepper {
  const sink: { now: Collected } = { now: { effects: [], timers: [] } };
  const scope = inertScope(machine, sink);
  const steppable = asSteppable(machine);
  const collect = (advance: () => AnyMachineSnapshot): Stepped => {
    sink.now = { effects: [], timers: [] };
    const snapshot = advance();
    if (snapshot.status === 'error') throw asError(snapshot.error);
    return { snapshot, ...sink.now };
  };
  const fresh = (input: unknown): Stepped =>
    collect(() => steppable.getInitialSnapshot(scope, input));
  const start = templateStart(machine, fresh);
  const flat = isInterpreted ? undefined : compileFlat(machine);
  return {
    start,
    step:
      flat === undefined
        ? (snapshot, event) => collect(() => steppable.transition(snapshot, event, scope))
        : (snapshot, event) => {
            const collected: Collected = { effects: [], timers: [] };
            return { snapshot: flat(snapshot, event, collected), ...collected };
          },
    persist: (snapshot) => machine.getPersistedSnapshot(snapshot),
    restore: (persisted) => restore(machine, persisted),
  };
}

/**
 * A fresh initial snapshot costs 12 µs, a clone next to nothing; cloning is right where the initial
 * state asks for nothing and only the context depends on the input.
 */
function templateStart(
  machine: AnyStateMachine,
  fresh: (input: unknown) => Stepped,
): (input: unknown) => Stepped {
  const context: unknown = machine.config.context;
  const initial = machine.root.initial.target;
  const isPlain =
    typeof context === 'function' &&
    machine.root.initial.actions.length === 0 &&
    initial.length === 1 &&
    initial.every((state) => state.type === 'atomic' && isQuiet(state) && isQuiet(machine.root));
  if (!isPlain) return fresh;
  const contextOf = asContextFactory(context);
  let template: AnyMachineSnapshot | undefined;
  return (input) => {
    if (template === undefined) {
      const first = fresh(input);
      template = first.snapshot;
      return first;
    }
    const snapshot: AnyMachineSnapshot = Object.assign(
      Object.create(Object.getPrototypeOf(template) as object) as AnyMachineSnapshot,
      template,
      { context: contextOf({ input }) },
    );
    return { snapshot, effects: [], timers: [] };
  };
}

function isQuiet(state: AnyStateMachine['root']): boolean {
  return state.entry.length === 0 && state.after.length === 0 && (state.always ?? []).length === 0;
}

type Steppable = {
  getInitialSnapshot(scope: object, input: unknown): AnyMachineSnapshot;
  transition(snapshot: AnyMachineSnapshot, event: ActorEvent, scope: object): AnyMachineSnapshot;
};

/** XState's own types ask for a whole actor system as the scope; stepping uses only what `inertScope` has. */
function asSteppable(machine: AnyStateMachine): Steppable {
  return machine;
}

/** XState types a context factory by its machine; a stepper knows machines of any type. */
function asContextFactory(context: unknown): (args: { input: unknown }) => unknown {
  return context as (args: { input: unknown }) => unknown;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function restore(machine: AnyStateMachine, persisted: unknown): AnyMachineSnapshot {
  const snapshot = createActor(machine, asOptions(persisted)).getSnapshot() as AnyMachineSnapshot;
  if (snapshot.status === 'error') throw asError(snapshot.error);
  return snapshot;
}

/** A persisted snapshot comes from JSON; `restore` checks what XState made of it. */
function asOptions(persisted: unknown): Parameters<typeof createActor>[1] {
  return { snapshot: persisted } as Parameters<typeof createActor>[1];
}

/** The scope that XState hands to actions: everything asked of it is collected, nothing is done. */
function inertScope(machine: AnyStateMachine, sink: { now: Collected }): object {
  const self = createActor(machine);
  const system = {
    ...self.system,
    _sendInspectionEvent: () => undefined,
    scheduler: {
      // XState's order: source, target, event, delay, id.
      schedule: (...asked: [unknown, unknown, ActorEvent, number, string]) => {
        const [, , event, afterMs, key] = asked;
        sink.now.timers.push({ kind: 'set', key, event, afterMs });
      },
      cancel: (_from: unknown, key: string) => {
        sink.now.timers.push({ kind: 'clear', key });
      },
    },
  };
  return {
    self,
    system,
    id: machine.id,
    sessionId: machine.id,
    logger: () => undefined,
    stopChild: () => undefined,
    // Left out or doing nothing, this loses every emitted effect without a word.
    defer: (run: () => void) => {
      run();
    },
    emit: (effect: Effect) => {
      sink.now.effects.push(effect);
    },
    actionExecutor: (action: {
      exec?: (info: unknown, params: unknown) => void;
      info: unknown;
      params: unknown;
    }) => {
      action.exec?.(action.info, action.params);
    },
  };
}
