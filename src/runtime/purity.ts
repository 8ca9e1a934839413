/** Reads a machine before it is hosted, and refuses what could not be replayed from the journal. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { MillraceError } from '../protocol/errors.ts';

/** Built-in actions that only compute the next snapshot, or that the runtime turns into data. */
const pureActions = new Set([
  'xstate.assign',
  'xstate.emit',
  'xstate.raise',
  'xstate.cancel',
  'xstate.enqueueActions',
  'xstate.log',
]);

/**
 * Throws MillraceError `definition`, naming the state, when the machine invokes, spawns, sends to
 * other actors, or runs a plain function as an action (architecture, section 3).
 */
export function refuseImpure(kind: string, machine: AnyStateMachine): void {
  for (const state of statesOf(machine.root)) {
    const complaint = impurity(state, machine);
    if (complaint === undefined) continue;
    throw new MillraceError(
      'definition',
      `actor "${kind}": state "${state.id}" ${complaint}, which a replay of the journal could not repeat; ` +
        'emit an effect instead and let toJob, toTimer or toActor carry it out',
    );
  }
}

function statesOf(state: AnyStateNode): AnyStateNode[] {
  return [state, ...Object.values(state.states).flatMap(statesOf)];
}

function impurity(state: AnyStateNode, machine: AnyStateMachine): string | undefined {
  if (state.invoke.length > 0) return 'uses invoke';
  for (const action of actionsOf(state)) {
    const complaint = actionImpurity(action, machine);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function actionsOf(state: AnyStateNode): unknown[] {
  const transitions = [...state.transitions.values()].flat();
  const moves = [...transitions, ...(state.always ?? []), state.initial];
  return [...state.entry, ...state.exit, ...moves.flatMap((move) => move.actions)];
}

function actionImpurity(action: unknown, machine: AnyStateMachine): string | undefined {
  if (typeof action === 'function') return functionImpurity(action);
  const name = typeof action === 'string' ? action : typeOf(action);
  const implementation: unknown = machine.implementations.actions[name];
  if (implementation === undefined)
    return `names the action "${name}", which the machine does not have`;
  return functionImpurity(implementation, name);
}

function functionImpurity(action: unknown, name?: string): string | undefined {
  const type = typeOf(action);
  if (pureActions.has(type)) return undefined;
  const what = name === undefined ? '' : ` in the action "${name}"`;
  if (!type.startsWith('xstate.')) return `runs a plain function${what}`;
  return `uses ${type.slice('xstate.'.length)}${what}`;
}

function typeOf(action: unknown): string {
  const isBearer = (typeof action === 'object' || typeof action === 'function') && action !== null;
  return isBearer && 'type' in action ? String(action.type) : '';
}
