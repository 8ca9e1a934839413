/**
 * Flat machines stepped from a table: the same moves, effects and timers as XState's own interpreter,
 * at a tenth of its cost. `flatCompiler.ts` makes the table; machines that use more than it knows are
 * left to XState, which is also the reference of the property test (test/runtime/flat.property.test.ts).
 */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { ActorEvent } from './actor.ts';
import { compile } from './flatCompiler.ts';
import type { Collected } from './step.ts';

export type FlatStep = (
  snapshot: AnyMachineSnapshot,
  event: ActorEvent,
  collected: Collected,
) => AnyMachineSnapshot;

export type State = {
  /** A snapshot in this state: a new one is its copy with another context. */
  template: AnyMachineSnapshot;
  isFinal: boolean;
  entry: readonly Act[];
  exit: readonly Act[];
  always: readonly Move[];
  on: ReadonlyMap<string, readonly Move[]>;
};

export type Move = { isAllowed?: Guard; target?: State; reenter: boolean; actions: readonly Act[] };
export type Guard = (run: Run) => boolean;
export type Act = (run: Run) => void;

/** One event on its way through the machine. */
export type Run = {
  state: State;
  context: unknown;
  event: ActorEvent;
  readonly raised: ActorEvent[];
  readonly collected: Collected;
  /** A state was left or entered, or the context was assigned. */
  isChanged: boolean;
};

/** Steps of a flat machine; undefined when it needs XState's interpreter. */
export function compileFlat(machine: AnyStateMachine): FlatStep | undefined {
  const states = compile(machine);
  if (states === undefined) return undefined;
  return (snapshot, event, collected) => {
    const state = states.get(String(snapshot.value));
    if (state === undefined) throw new Error(`no state "${String(snapshot.value)}"`);
    return advance(snapshot, event, { state, collected });
  };
}

/** A machine that raises events for ever would hold up everybody. */
const maxMoves = 10_000;

/** Takes the event's move, then those that need no event, then events that were raised, until nothing is left. */
function advance(
  snapshot: AnyMachineSnapshot,
  event: ActorEvent,
  { state, collected }: Pick<Run, 'state' | 'collected'>,
): AnyMachineSnapshot {
  const context: unknown = snapshot.context;
  const run: Run = { state, context, event, raised: [], collected, isChanged: false };
  take(run, select(run, state.on.get(event.type)));
  let mayGoOn = true;
  for (let moves = 0; !run.state.isFinal; moves += 1) {
    if (moves > maxMoves)
      throw new Error(`never gets quiet: more than ${maxMoves} moves for one event`);
    const [stateBefore, contextBefore] = [run.state, run.context];
    const eventless: Move | undefined = mayGoOn ? select(run, run.state.always) : undefined;
    if (eventless !== undefined) take(run, eventless);
    else {
      const raised = run.raised.shift();
      if (raised === undefined) break;
      run.event = raised;
      take(run, select(run, run.state.on.get(raised.type)));
    }
    // An eventless move that changes nothing is not taken again for the same event.
    mayGoOn = eventless === undefined || run.state !== stateBefore || run.context !== contextBefore;
  }
  return run.isChanged ? { ...run.state.template, context: run.context } : snapshot;
}

function select(run: Run, moves: readonly Move[] | undefined): Move | undefined {
  if (moves === undefined) return undefined;
  for (const move of moves) {
    if (move.isAllowed === undefined || move.isAllowed(run)) return move;
  }
  return undefined;
}

function take(run: Run, move: Move | undefined): void {
  if (move === undefined) return;
  const { target, reenter, actions } = move;
  const isEntering = target !== undefined && (target !== run.state || reenter);
  if (isEntering) for (const act of run.state.exit) act(run);
  for (const act of actions) act(run);
  if (!isEntering) return;
  if (target !== run.state) run.isChanged = true;
  run.state = target;
  for (const act of target.entry) act(run);
}
