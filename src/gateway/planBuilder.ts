/**
 * Collects and checks what a chain's `plan` adds; the Plan is made at the end, as `after` may look ahead.
 */
import { findCycle, noopType } from '../../machines/graph.ts';
import type { Plan, PlanJob, PlanSequence } from '../../machines/graph.ts';
import type { ChainDefinition, JobDefinition, JobHandle } from '../definitions.ts';
import type { PlanJobOptions, SequenceOptions } from '../definitions.ts';
import { maxIdBytes } from '../protocol/envelope.ts';
import { MillraceError } from '../protocol/errors.ts';
import { inSlices } from '../runtime/nextTurn.ts';
import { storedArgs } from './planArgs.ts';
import { connect } from './planEdges.ts';
import type { Node, SequenceNode } from './planEdges.ts';
import { didYouMean } from './suggest.ts';

export const maxJobs = 1_000_000;

type Draft = Node & Omit<PlanJob, 'parents' | 'sequence'> & { after: readonly string[] };
type SequenceDraft = SequenceNode & Omit<PlanSequence, 'first' | 'parent'>;

/** The message of a `plan` error about this chain. */
export function planError(chain: ChainDefinition, problem: string, cause?: unknown): MillraceError {
  return new MillraceError(
    'plan',
    `chain "${chain.type}": ${problem}`,
    cause === undefined ? {} : { cause },
  );
}

/** One plan in the making. A problem that the user's code catches still refuses the plan. */
export class PlanBuilder {
  readonly #chain: ChainDefinition;
  readonly #registered: ReadonlyMap<string, JobDefinition>;
  readonly #drafts: Draft[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #sequences: SequenceDraft[] = [];
  readonly #sequenceNames = new Set<string>();
  readonly #counts = new Map<string, number>();
  #current: number | undefined;
  #problem: MillraceError | undefined;
  #ended = false;

  constructor(chain: ChainDefinition, registered: ReadonlyMap<string, JobDefinition>) {
    this.#chain = chain;
    this.#registered = registered;
  }

  job(given: JobDefinition, args: unknown, options: PlanJobOptions = {}): JobHandle {
    const { type } = given;
    const definition = this.#registered.get(type);
    if (definition === undefined) throw this.#unknownType(type);
    const name = options.name ?? this.#nextName(type);
    const { attempts, waitMs } = { ...definition.retry, ...options.retry };
    const timeoutMs = options.timeoutMs ?? definition.timeoutMs;
    this.#checkNumber(`retry.attempts of job "${name}"`, attempts, 1);
    this.#checkNumber(`retry.waitMs of job "${name}"`, waitMs, 0);
    if (timeoutMs !== undefined) this.#checkNumber(`timeoutMs of job "${name}"`, timeoutMs, 1);
    this.#add({
      name,
      type,
      args: this.#storedArgs(name, definition, args),
      after: namesOf(options.after),
      retries: attempts - 1,
      retryWaitMs: waitMs,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    return Object.freeze({ name });
  }

  sequence<T>(name: string, options: SequenceOptions, body: () => T): T {
    const { retries = 0, waitMs = 0 } = options;
    this.#checkNumber(`retries of sequence "${name}"`, retries, 0);
    this.#checkNumber(`waitMs of sequence "${name}"`, waitMs, 0);
    if (this.#sequenceNames.has(name))
      throw this.#refuse(`two sequences are named "${name}"; name them apart`);
    this.#sequenceNames.add(name);
    const outer = this.#current;
    const number = this.#sequences.length;
    const around = outer === undefined ? {} : { parent: outer };
    const draft: SequenceDraft = {
      name,
      retries,
      waitMs,
      begin: this.#drafts.length,
      end: -1,
      ...around,
    };
    this.#sequences.push(draft);
    this.#current = number;
    try {
      this.#add(noop(`sequence_${name}_begin`, 'begin'));
      const result = this.#runBody(name, body);
      if (this.#drafts.length === draft.begin + 1) {
        throw this.#refuse(
          `sequence "${name}" has no jobs; add one in its body, or leave the sequence out`,
        );
      }
      draft.end = this.#drafts.length;
      this.#add(noop(`sequence_${name}_end`, 'end'));
      return result;
    } finally {
      this.#current = outer;
    }
  }

  /** The plan of all that was added; nothing can be added after. Made in slices: it may have 100,000 jobs. */
  async finish(): Promise<Plan> {
    this.#ended = true;
    if (this.#problem !== undefined) throw this.#problem;
    const after = await inSlices(this.#drafts, (draft) =>
      draft.after.map((name) => this.#numberOf(name, draft.name)),
    );
    const parents = connect(this.#drafts, this.#sequences, after);
    const cycle = findCycle(parents);
    if (cycle !== undefined) throw this.#cyclic(cycle);
    return {
      jobs: await inSlices(this.#drafts, (draft, job) => planJob(draft, parents[job] ?? [])),
      sequences: this.#sequences.map(({ begin, end: _, ...rest }) => ({ ...rest, first: begin })),
      maxStarted: this.#chain.maxStarted,
    };
  }

  #runBody<T>(name: string, body: () => T): T {
    let result: T;
    try {
      result = body();
    } catch (error) {
      if (!(error instanceof MillraceError))
        this.#refuse(`sequence "${name}" threw: ${String(error)}`, error);
      throw error;
    }
    if (!isThenable(result)) return result;
    // Refused here and now: what becomes of the promise is nobody's concern any more.
    Promise.resolve(result).catch(() => undefined);
    throw this.#refuse(
      `the body of sequence "${name}" is async; await what it needs before it, and keep the body synchronous`,
    );
  }

  #add(draft: Draft): void {
    const { name } = draft;
    if (this.#ended)
      throw this.#refuse(`job "${name}" was added after the plan ended; await what adds jobs`);
    if (name === '')
      throw this.#refuse(`a job of type "${draft.type}" has an empty name; give it one, or none`);
    if (Buffer.byteLength(name) > maxIdBytes) {
      throw this.#refuse(
        `the job name "${name.slice(0, 50)}…" is over ${maxIdBytes} bytes; shorten it`,
      );
    }
    if (this.#numbers.has(name)) {
      throw this.#refuse(
        `two jobs are named "${name}"; give each a name of its own in its options`,
      );
    }
    if (this.#drafts.length >= maxJobs) {
      throw this.#refuse(`job "${name}" is one more than ${maxJobs} jobs; split the chain`);
    }
    this.#numbers.set(name, this.#drafts.length);
    const sequence = this.#current;
    this.#drafts.push(sequence === undefined ? draft : { ...draft, sequence });
  }

  #storedArgs(name: string, definition: JobDefinition, args: unknown): unknown {
    const stored = storedArgs(definition, args);
    if ('value' in stored) return stored.value;
    throw this.#refuse(`job "${name}" (${definition.type}): ${stored.problem}`, stored.cause);
  }

  #nextName(type: string): string {
    let count = this.#counts.get(type) ?? 0;
    let name: string;
    do {
      count += 1;
      name = `${type}-${count}`;
    } while (this.#numbers.has(name));
    this.#counts.set(type, count);
    return name;
  }

  #numberOf(name: string, dependent: string): number {
    const number = this.#numbers.get(name);
    if (number !== undefined) return number;
    const hint = didYouMean(name, this.#numbers.keys());
    throw this.#refuse(
      `job "${dependent}" comes after "${name}", which is no job of the plan${hint}; add it, or correct "after"`,
    );
  }

  #unknownType(type: string): MillraceError {
    const hint = didYouMean(type, this.#registered.keys());
    return this.#refuse(
      `job type "${type}" is not registered${hint}; add its definition to createMillrace({ jobs: […] })`,
    );
  }

  #cyclic(cycle: readonly number[]): MillraceError {
    const names = [...cycle, ...cycle.slice(0, 1)].map(
      (job) => this.#drafts[job]?.name ?? String(job),
    );
    const shown = names.length > 20 ? [...names.slice(0, 18), '…', ...names.slice(-1)] : names;
    return this.#refuse(
      `jobs wait for each other: ${shown.join(' → ')}; take one of these out of "after"`,
    );
  }

  #checkNumber(what: string, value: number, least: number): void {
    if (Number.isSafeInteger(value) && value >= least) return;
    throw this.#refuse(`${what} must be a whole number of at least ${least}, not ${value}`);
  }

  /** Kept, so that the plan is refused even where the user's code catches it. */
  #refuse(problem: string, cause?: unknown): MillraceError {
    const error = planError(this.#chain, problem, cause);
    this.#problem ??= error;
    return error;
  }
}

function noop(name: string, role: 'begin' | 'end'): Draft {
  return { name, type: noopType, args: null, after: [], retries: 0, retryWaitMs: 0, role };
}

function planJob(
  { after: _after, role: _role, ...job }: Draft,
  parents: readonly number[],
): PlanJob {
  return { ...job, parents };
}

function namesOf(after: PlanJobOptions['after'] = []): string[] {
  const list: readonly (JobHandle | string)[] = isList(after) ? after : [after];
  return list.map((each) => (typeof each === 'string' ? each : each.name));
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList<T>(value: T | string | readonly (T | string)[]): value is readonly (T | string)[] {
  return Array.isArray(value);
}

function isThenable(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
