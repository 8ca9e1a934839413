/**
 * Reads a machine and makes the table that `flat.ts` steps: every guard and action resolved once, with
 * what XState would do with it.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { ActorEvent } from './actor.ts';
import type { Act, Guard, Move, Run, State } from './flat.ts';
import type { Collected } from './step.ts';

/** What XState's types hide behind `unknown`: an expression over the context and the event, or a plain value. */
type Expression = (args: object, params: unknown) => unknown;

/** The parts of XState's built-in actions and guards that are read here. */
type BuiltIn = {
  type?: string;
  assignment?: Expression | Readonly<Record<string, unknown>>;
  event?: unknown;
  delay?: unknown;
  id?: string;
  sendId?: unknown;
  collect?: (args: object, params: unknown) => void;
  check?: (snapshot: AnyMachineSnapshot, args: object, guard: unknown) => boolean;
};

type Named = { type: string; params?: unknown };

/** Thrown while compiling: the machine is left to XState. */
class NotFlat extends Error {}

/** The states of a flat machine by their name; undefined when it does more than is known here. */
export function compile(machine: AnyStateMachine): ReadonlyMap<string, State> | undefined {
  try {
    return new Compiler(machine).states();
  } catch (thrown) {
    if (thrown instanceof NotFlat) return undefined;
    throw thrown;
  }
}

type StateNode = AnyStateMachine['root'];

class Compiler {
  readonly #machine: AnyStateMachine;
  readonly #enqueueing = new Enqueueing(this);

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
  }

  states(): ReadonlyMap<string, State> {
    const { root } = this.#machine;
    const nodes = Object.values<StateNode>(root.states);
    need(root.type === 'compound' && root.output === undefined && root.config.route === undefined);
    need(isBare(root) && (root.always ?? []).length === 0 && root.transitions.size === 0);
    const states = new Map<string, State & { on: Map<string, Move[]>; always: Move[] }>();
    for (const node of nodes) {
      const isFinal = node.type === 'final';
      need((isFinal || node.type === 'atomic') && node.invoke.length === 0);
      need(node.config.route === undefined && !(isFinal && node.exit.length > 0));
      const template = this.#machine.resolveState({ value: node.key, context: {} });
      const [entry, exit] = [this.#acts(node.entry), this.#acts(node.exit)];
      states.set(node.key, { template, isFinal, entry, exit, always: [], on: new Map() });
    }
    const find = (key: string): State | undefined => states.get(key);
    for (const node of nodes) {
      const state = states.get(node.key);
      state?.always.push(...this.#moves(node.always ?? [], find));
      for (const [type, transitions] of node.transitions) {
        need(!type.includes('*'));
        const moves = this.#moves(transitions, find);
        need(node.type !== 'final' || moves.every(({ target }) => target === undefined));
        state?.on.set(type, moves);
      }
    }
    return states;
  }

  #moves(
    transitions: Iterable<StateNode['transitions'] extends Map<string, (infer T)[]> ? T : never>,
    find: (key: string) => State | undefined,
  ): Move[] {
    return [...transitions].map(({ guard, target, reenter, actions }) => {
      need((target?.length ?? 0) <= 1);
      const [node] = target ?? [];
      const state = node === undefined ? undefined : find(node.key);
      need(node === undefined || (state !== undefined && node.parent === this.#machine.root));
      return {
        ...(guard !== undefined && { isAllowed: this.guard(guard) }),
        ...(state !== undefined && { target: state }),
        reenter,
        actions: this.#acts(actions),
      };
    });
  }

  #acts(actions: readonly unknown[]): Act[] {
    return actions.map((action) => this.act(action));
  }

  /** An action as XState would run it; throws NotFlat for one that does more than is known here. */
  act(action: unknown): Act {
    const { found, params } = this.#resolve(action, this.#machine.implementations.actions);
    switch (found.type) {
      case 'xstate.assign':
        return assigning(found.assignment, params);
      case 'xstate.emit':
        return (run) => emit(run, found.event, params(run));
      case 'xstate.raise':
        return (run) => this.raise(run, found, params(run));
      case 'xstate.cancel':
        return (run) => cancel(run, found.sendId, params(run));
      case 'xstate.enqueueActions':
        return (run) => this.#enqueueing.run(run, found.collect, params(run));
      case 'xstate.log':
        return () => undefined;
      default:
        throw new NotFlat();
    }
  }

  guard(guard: unknown): Guard {
    const { found, params } = this.#resolve(guard, this.#machine.implementations.guards);
    const { check } = found;
    if (check !== undefined) {
      return (run) => check(run.state.template, { context: run.context, event: run.event }, found);
    }
    if (typeof found !== 'function') throw new NotFlat();
    const holds = found as Expression;
    return (run) => Boolean(holds({ context: run.context, event: run.event }, params(run)));
  }

  raise(run: Run, { event, delay, id }: BuiltIn, params: unknown): void {
    const raised = valueOf(event, run, params) as ActorEvent;
    const named = typeof delay === 'string' ? this.#machine.implementations.delays[delay] : delay;
    const afterMs = valueOf(named, run, params);
    if (typeof afterMs !== 'number') run.raised.push(raised);
    else run.collected.timers.push({ kind: 'set', key: id ?? '', event: raised, afterMs });
  }

  /** By name, by name with params, or inline. */
  #resolve(
    reference: unknown,
    implementations: Readonly<Record<string, unknown>>,
  ): { found: BuiltIn; params: (run: Run) => unknown } {
    if (typeof reference === 'function') return { found: asBuiltIn(reference), params: none };
    const { type, params } = (
      typeof reference === 'string' ? { type: reference } : reference
    ) as Named;
    const found = implementations[type];
    if (typeof found !== 'function') throw new NotFlat();
    const given =
      typeof params === 'function'
        ? (run: Run) =>
            (params as Expression)({ context: run.context, event: run.event }, undefined)
        : () => params;
    return { found: asBuiltIn(found), params: given };
  }
}

/** What `enqueueActions` hands to its function: everything is noted first, and run once it has returned. */
class Enqueueing {
  readonly #enqueue: object;
  readonly #compiler: Compiler;
  #queued: Act[] = [];

  constructor(compiler: Compiler) {
    this.#compiler = compiler;
    const later = (act: Act): void => void this.#queued.push(act);
    const refuse = (): never => {
      throw new Error('an actor cannot spawn or send; emit an effect instead');
    };
    this.#enqueue = Object.assign((action: unknown) => later(compiler.act(action)), {
      assign: (assignment: BuiltIn['assignment']) => later(assigning(assignment, none)),
      emit: (event: unknown) => later((run) => emit(run, event, undefined)),
      raise: (event: unknown, options?: Pick<BuiltIn, 'delay' | 'id'>) =>
        later((run) => compiler.raise(run, { ...options, event }, undefined)),
      cancel: (sendId: unknown) => later((run) => cancel(run, sendId, undefined)),
      ...{ sendTo: refuse, sendParent: refuse, spawnChild: refuse, stopChild: refuse },
    });
  }

  run(run: Run, collect: BuiltIn['collect'], params: unknown): void {
    const outer = this.#queued;
    const queued: Act[] = [];
    this.#queued = queued;
    const { context, event } = run;
    const check = (guard: unknown): boolean => this.#compiler.guard(guard)(run);
    collect?.({ context, event, check, enqueue: this.#enqueue }, params);
    this.#queued = outer;
    for (const act of queued) act(run);
  }
}

/** What an assignment changes is said by one function, or field by field. */
function assigning(assignment: BuiltIn['assignment'] = {}, params: (run: Run) => unknown): Act {
  if (typeof assignment === 'function')
    return (run) => assign(run, assignment(argsOf(run), params(run)) as object);
  const fields = Object.entries(assignment);
  return (run) => {
    const [args, given] = [argsOf(run), params(run)];
    const changes: Record<string, unknown> = {};
    for (const [key, value] of fields)
      changes[key] = typeof value === 'function' ? (value as Expression)(args, given) : value;
    assign(run, changes);
  };
}

function assign(run: Run, changes: object): void {
  run.context = Object.assign({}, run.context, changes);
  run.isChanged = true;
}

function argsOf({ context, event }: Run): { context: unknown; event: ActorEvent } {
  return { context, event };
}

function emit(run: Run, event: unknown, params: unknown): void {
  run.collected.effects.push(valueOf(event, run, params) as Collected['effects'][number]);
}

function cancel(run: Run, sendId: unknown, params: unknown): void {
  run.collected.timers.push({ kind: 'clear', key: String(valueOf(sendId, run, params)) });
}

function valueOf(value: unknown, { context, event }: Run, params: unknown): unknown {
  return typeof value === 'function' ? (value as Expression)({ context, event }, params) : value;
}

function isBare({ entry, exit, after, invoke }: StateNode): boolean {
  return entry.length + exit.length + after.length + invoke.length === 0;
}

function need(condition: boolean): void {
  if (!condition) throw new NotFlat();
}

function none(): undefined {
  return undefined;
}

/** XState's types do not tell what its built-in actions hold. */
function asBuiltIn(found: unknown): BuiltIn {
  return found as BuiltIn;
}
