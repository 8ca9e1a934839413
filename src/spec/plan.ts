/**
 * A request spec and args → the jobs of a chain in the order of their creation (specification 6): wrappers,
 * no-ops, repetitions, conditionals, names and sequences. What a job is given follows the spec's scopes.
 */
import type { PlanSequence } from '../../machines/graph.ts';
import { noopType } from '../../machines/graph.ts';
import { MillraceError, messageOf } from '../protocol/errors.ts';
import type { Specs } from './check.ts';
import { durationMs } from './duration.ts';
import { expansionsOf } from './expansions.ts';
import { Names } from './names.ts';
import { addDefaults, requestArgs } from './requestArgs.ts';
import { argsFor, takeSets, targetFor } from './scope.ts';
import type { Scope } from './scope.ts';
import { commandArgs, commandType } from './template.ts';
import type { NodeSpec, SequenceSpec } from './types.ts';
import { doWork } from './work.ts';
import type { Work } from './work.ts';

/** A job that is created; the retries are undefined where the spec says nothing. */
export type SpecJob = {
  /** Unique in the request: where the spec's names are not, `#2` and so on is added. */
  name: string;
  type: string;
  /** What the node is given; null of a no-op that belongs to no node. */
  args: Readonly<Record<string, unknown>> | null;
  /** Numbers of earlier jobs, in order, each once. */
  parents: readonly number[];
  sequence: number;
  retries?: number | undefined;
  retryWaitMs?: number | undefined;
  timeoutMs?: number | undefined;
};

/** Args that a job's create step sets. */
export type CreatedArgs = Readonly<Record<string, unknown>> | undefined;

/** Takes the jobs, in order, and runs their create steps. What it throws refuses the plan. */
export type JobTaker = (job: SpecJob) => CreatedArgs | Promise<CreatedArgs>;

export type PlanSpecOptions = { specs: Specs; request: string; args: unknown; take: JobTaker };

/** The sequences of the plan; the jobs went to `take`. Rejects with MillraceError `plan`. */
export async function planSpec(options: PlanSpecOptions): Promise<readonly PlanSequence[]> {
  const { specs, request, args, take } = options;
  const spec = specs.sequences.get(request);
  if (spec?.isRequest !== true) {
    throw new MillraceError('plan', `"${request}" is no request; add request: true to its spec`);
  }
  const scope = new Map(requestArgs(spec, args).map(({ name, value }) => [name, value]));
  const planner = new SpecPlanner(specs, spec, take);
  try {
    await doWork(planner.request(scope));
  } catch (cause) {
    if (cause instanceof MillraceError && cause.code === 'plan') throw cause;
    throw new MillraceError('plan', `request "${request}": ${messageOf(cause)}`, { cause });
  }
  return planner.sequences;
}

/** A call of a sequence. */
type Call = {
  sequence: SequenceSpec;
  wrapper: string;
  scope: Scope;
  after: readonly number[];
  around?: number;
  retries: number;
  waitMs: number;
};

/** A node in one call of its sequence. */
type Place = {
  node: NodeSpec;
  sequence: SequenceSpec;
  scope: Scope;
  after: readonly number[];
  /** The plan's sequence. */
  inside: number;
};

type Done = (end: number) => void;

class SpecPlanner {
  readonly sequences: PlanSequence[] = [];
  readonly #specs: Specs;
  readonly #request: SequenceSpec;
  readonly #take: JobTaker;
  readonly #jobNames = new Names();
  readonly #sequenceNames = new Names();
  #jobs = 0;

  constructor(specs: Specs, request: SequenceSpec, take: JobTaker) {
    this.#specs = specs;
    this.#request = request;
    this.#take = take;
  }

  request(scope: Scope): Work {
    const sequence = this.#request;
    const wrapper = `request_${sequence.name}`;
    const call = { sequence, wrapper, scope, after: [], retries: 0, waitMs: 0 };
    return this.#call(call, () => undefined);
  }

  *#call({ sequence, wrapper, scope, after, around, retries, waitMs }: Call, done: Done): Work {
    const { name } = sequence;
    const graph = this.#specs.graphs.get(name) ?? { nodes: [], parents: [] };
    const inside = this.sequences.length;
    const outer = around === undefined ? {} : { parent: around };
    const named = this.#sequenceNames.unique(wrapper);
    this.sequences.push({ name: named, first: this.#jobs, retries, waitMs, ...outer });
    addDefaults(sequence, scope);
    const begin = this.#noop(`${wrapper}_begin`, after, inside);
    const source = this.#noop(`${name}_begin`, [begin], inside);
    const ends: number[] = [];
    const last = new Set(graph.nodes.keys());
    for (const [at, node] of graph.nodes.entries()) {
      const parents = graph.parents[at] ?? [];
      for (const parent of parents) last.delete(parent);
      const place = { node, sequence, scope, inside };
      const before = parents.length === 0 ? [source] : picked(ends, parents);
      yield this.#node({ ...place, after: before }, (end) => ends.push(end));
    }
    const sinks = last.size === 0 ? [source] : picked(ends, [...last]);
    done(this.#noop(`${wrapper}_end`, [this.#noop(`${name}_end`, sinks, inside)], inside));
  }

  *#node(place: Place, done: Done): Work {
    const { node, after, inside } = place;
    const { name, parallel } = node;
    const { count, elementsAt } = this.#at(place, () => expansionsOf(node, place.scope));
    if (count === 0) {
      const begin = this.#noop(`noop_${name}_begin`, after, inside);
      done(this.#noop(`noop_${name}_end`, [begin], inside));
    } else if (count === 1) {
      yield this.#expansion(place, elementsAt(0), done);
    } else {
      let last = this.#noop(`repeat_${name}_begin`, after, inside);
      for (let from = 0; from < count; from += parallel ?? count) {
        const begin = this.#noop(`repeat_${name}_begin`, [last], inside);
        const ends: number[] = [];
        for (let at = from; at < Math.min(count, from + (parallel ?? count)); at += 1) {
          yield this.#expansion({ ...place, after: [begin] }, elementsAt(at), (end) =>
            ends.push(end),
          );
        }
        last = this.#noop(`repeat_${name}_end`, ends, inside);
      }
      done(this.#noop(`repeat_${name}_end`, [last], inside));
    }
  }

  *#expansion(place: Place, elements: readonly (readonly [string, unknown])[], done: Done): Work {
    const { node, scope, after, inside: around } = place;
    const args = this.#at(place, () => argsFor(node, scope, elements));
    if (node.category === 'job') {
      yield* this.#job(place, args, done);
    } else {
      const sequence = this.#at(place, () => this.#called(targetFor(node, scope)));
      const wrapper = `${node.category ?? ''}_${node.name}`;
      const { retry: retries, retryWait = '0' } = node;
      const waitMs = wholeMs(retryWait);
      yield this.#call({ sequence, wrapper, scope: args, after, around, retries, waitMs }, done);
    }
    this.#at(place, () => takeSets(node, args, scope));
  }

  *#job(place: Place, args: Scope, done: Done): Work {
    const { node, after: parents, inside } = place;
    const { name, type = '', retry, retryWait = '0', timeout, lines } = node;
    const given = type === commandType ? commandArgs(node.command, args) : Object.fromEntries(args);
    const job = {
      ...{ name, type, args: given, parents, sequence: inside },
      ...(lines.has('retry') && { retries: retry, retryWaitMs: wholeMs(retryWait) }),
      ...(timeout !== undefined && { timeoutMs: Math.max(1, wholeMs(timeout)) }),
    };
    done(this.#jobs);
    const created = this.#at(place, () => this.#add(job));
    const keep = (set: CreatedArgs = {}): void => {
      for (const [key, value] of Object.entries(set)) args.set(key, value);
    };
    if (!(created instanceof Promise)) keep(created);
    else {
      yield created.then(keep, (cause: unknown) => {
        throw this.#refusal(place, cause);
      });
    }
  }

  #called(name: string): SequenceSpec {
    const sequence = this.#specs.sequences.get(name);
    if (sequence === undefined) throw new Error(`there is no sequence "${name}"; check the specs`);
    return sequence;
  }

  #noop(name: string, parents: readonly number[], sequence: number): number {
    void this.#add({ name, type: noopType, args: null, parents, sequence });
    return this.#jobs - 1;
  }

  #add(job: SpecJob): ReturnType<JobTaker> {
    const name = this.#jobNames.unique(job.name);
    this.#jobs += 1;
    return this.#take({ ...job, name });
  }

  #at<T>(place: Place, make: () => T): T {
    try {
      return make();
    } catch (cause) {
      throw this.#refusal(place, cause);
    }
  }

  #refusal({ node, sequence }: Place, cause: unknown): MillraceError {
    const where = `node "${node.name}" of sequence "${sequence.name}" (${sequence.file}:${node.line})`;
    const text = `request "${this.#request.name}": ${where}: ${messageOf(cause)}`;
    return new MillraceError('plan', text, { cause });
  }
}

/** The ends of the nodes at these places, in order. */
function picked(ends: readonly number[], places: readonly number[]): number[] {
  return places.map((place) => ends[place] ?? 0).sort((a, b) => a - b);
}

/** The wait is at least as long as the spec says. */
function wholeMs(duration: string): number {
  return Math.ceil(durationMs(duration) ?? 0);
}
