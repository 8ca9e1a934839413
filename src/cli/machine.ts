/** Mermaid text of a state machine: its states and which events lead from one to another. Pure. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { escaped } from './mermaid.ts';

/** A state diagram; events that change no state are left out. */
export function toStateDiagram({ root }: AnyStateMachine): string {
  return ['stateDiagram-v2', ...insideOf(root, '  ')].join('\n');
}

function insideOf(parent: AnyStateNode, indent: string): string[] {
  const states = Object.values(parent.states);
  if (states.length === 0) return [];
  const entry = parent.type === 'parallel' ? undefined : parent.initial.target[0];
  const blocks = states.map((state) => blockOf(state, indent));
  const apart = parent.type === 'parallel' ? [`${indent}--`] : [];
  return [
    ...(entry === undefined ? [] : [`${indent}[*] --> ${idOf(entry)}`]),
    ...blocks.flatMap((block, at) => (at === 0 ? block : [...apart, ...block])),
    ...states.flatMap((state) => transitionsOf(state).map((line) => indent + line)),
    ...states
      .filter(({ type }) => type === 'final')
      .map((state) => `${indent}${idOf(state)} --> [*]`),
  ];
}

function blockOf(state: AnyStateNode, indent: string): string[] {
  const named = `${indent}state "${escaped(state.key)}" as ${idOf(state)}`;
  const inside = insideOf(state, `${indent}  `);
  return inside.length === 0
    ? [named]
    : [named, `${indent}state ${idOf(state)} {`, ...inside, `${indent}}`];
}

function transitionsOf(state: AnyStateNode): string[] {
  const onEvents = [...state.transitions].flatMap(([event, moves]) =>
    moves.map(({ target }) => ({ event, target })),
  );
  const always = (state.always ?? []).map(({ target }) => ({ event: '', target }));
  const lines = [...onEvents, ...always].flatMap(({ event, target = [] }) =>
    target.map((to) => `${idOf(state)} --> ${idOf(to)}${labelOf(event)}`),
  );
  return [...new Set(lines)];
}

/** XState names a wait `xstate.after.NAME.STATE`. */
function labelOf(event: string): string {
  const [, delay] = /^xstate\.after\.([^.]+)\./.exec(event) ?? [];
  const text = delay === undefined ? event.replace(/^xstate\./, '') : `after ${delay}`;
  return text === '' ? '' : ` : ${escaped(text)}`;
}

function idOf({ path }: AnyStateNode): string {
  return `s_${path.join('_').replaceAll(/\W/g, '_')}`;
}
