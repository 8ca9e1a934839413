/** Steps machines without a host: given events, when an event; and a group of one chain and its jobs. */
import { isDeepStrictEqual } from 'node:util';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { chainMachine } from '../../machines/chain.ts';
import type { ChainContext, ChainEffect, ChainEvent } from '../../machines/chain.ts';
import { at } from '../../machines/chunks.ts';
import type { Row } from '../../machines/progress.ts';
import type { Plan, PlanJob, PlanSequence } from '../../machines/graph.ts';
import { jobMachine } from '../../machines/job.ts';
import type { JobEffect, JobEvent } from '../../machines/job.ts';
import type { Stepped, Stepper } from '../../src/runtime/step.ts';
import { createTwin } from './twin.ts';

type Event = { type: string };

/** `given(machine, input, events).when(event)` → state, effects, timers, and whether it was ignored. */
export function given<E extends Event>(
  machine: AnyStateMachine,
  input: unknown,
  events: readonly E[],
) {
  const stepper = createTwin(machine);
  const begin = stepper.start(input).snapshot;
  const before = events.reduce((snapshot, event) => stepper.step(snapshot, event).snapshot, begin);
  return {
    when(event: E) {
      const { snapshot, effects, timers } = stepper.step(before, event);
      const isIgnored = snapshot === before && effects.length === 0 && timers.length === 0;
      return { state: snapshot.value, context: snapshot.context, effects, timers, isIgnored };
    },
  };
}

export function job(fields: Partial<PlanJob> = {}): PlanJob {
  return { name: 'j', type: 't', args: null, parents: [], retries: 0, retryWaitMs: 0, ...fields };
}

export function plan(jobs: PlanJob[], sequences: PlanSequence[] = [], maxStarted = 200): Plan {
  return { jobs, sequences, maxStarted };
}

export function create(of: Plan): ChainEvent {
  return { type: 'chain.create', plan: of, requestType: 'r', args: null };
}

export type Attempt = Extract<JobEffect, { type: 'startAttempt' }>;
type Logged = ChainEffect | JobEffect;

/** A chain and its jobs: messages among them are delivered at once, timers and attempts wait outside. */
export class Group {
  readonly #chain: Stepper = createTwin(chainMachine);
  readonly #job: Stepper = createTwin(jobMachine);
  readonly #jobs = new Map<number, AnyMachineSnapshot>();
  readonly attempts = new Map<number, Attempt>();
  readonly retryWaits = new Map<number, Event>();
  readonly sequenceWaits = new Set<number>();
  deadline: Event | undefined;
  log: Logged[] = [];
  #snapshot: AnyMachineSnapshot;
  readonly #isTripped: boolean;

  /** `isTripped`: each step is taken a second time from JSON, and must ask for the same. */
  constructor(isTripped = false) {
    this.#isTripped = isTripped;
    this.#snapshot = this.#chain.start(undefined).snapshot;
  }

  get state(): string {
    return String(this.#snapshot.value);
  }

  get context(): ChainContext {
    return this.#snapshot.context as ChainContext;
  }

  row(number: number): Row {
    return at(this.context.progress.rows, number);
  }

  jobState(number: number): string | undefined {
    const value: unknown = this.#jobs.get(number)?.value;
    return typeof value === 'string' ? value : undefined;
  }

  /** Delivers an event to the chain and what follows from it; returns all effects in order. */
  send(event: ChainEvent): Logged[] {
    return this.#deliver([{ to: 'chain', event }]);
  }

  tell(number: number, event: JobEvent): Logged[] {
    return this.#deliver([{ to: number, event }]);
  }

  succeed(number: number, answer: { result?: number; data?: number } = {}): Logged[] {
    return this.tell(number, {
      type: 'attempt.succeeded',
      attempt: this.#answered(number),
      ...answer,
    });
  }

  fail(
    number: number,
    answer: { data?: number; final?: boolean; retryAfterMs?: number } = {},
  ): Logged[] {
    const attempt = this.#answered(number);
    return this.tell(number, { type: 'attempt.failed', attempt, reason: 'broken', ...answer });
  }

  stopped(number: number, answer: { data?: number } = {}): Logged[] {
    return this.tell(number, {
      type: 'attempt.stopped',
      attempt: this.#answered(number),
      ...answer,
    });
  }

  retryDue(number: number): Logged[] {
    const event = this.retryWaits.get(number);
    this.retryWaits.delete(number);
    return this.#deliver(event === undefined ? [] : [{ to: number, event: event as JobEvent }]);
  }

  sequenceDue(sequence: number): Logged[] {
    this.sequenceWaits.delete(sequence);
    return this.send({ type: 'sequence.due', sequence });
  }

  deadlineDue(): Logged[] {
    const event = this.deadline;
    this.deadline = undefined;
    return this.#deliver(event === undefined ? [] : [{ to: 'chain', event: event as ChainEvent }]);
  }

  #answered(number: number): number {
    const attempt = this.attempts.get(number)?.attempt;
    if (attempt === undefined) throw new Error(`no attempt of ${number} is unanswered`);
    this.attempts.delete(number);
    return attempt;
  }

  #deliver(queue: { to: 'chain' | number; event: ChainEvent | JobEvent }[]): Logged[] {
    this.log = [];
    const post = (to: 'chain' | number, event: ChainEvent | JobEvent): void => {
      queue.push({ to, event });
    };
    for (const { to, event } of queue) {
      if (to === 'chain') this.#stepChain(event, post);
      else this.#stepJob(to, event, post);
    }
    return this.log;
  }

  #stepChain(event: ChainEvent | JobEvent, post: (to: number, event: JobEvent) => void): void {
    const { snapshot, effects, timers } = this.#step(this.#chain, this.#snapshot, event);
    this.#snapshot = snapshot;
    for (const timer of timers) this.deadline = timer.kind === 'set' ? timer.event : undefined;
    for (const effect of effects as ChainEffect[]) {
      this.log.push(effect);
      if (effect.type === 'startJob') post(effect.job, { ...effect, type: 'job.start' });
      if (effect.type === 'tellJob') post(effect.job, { type: effect.event });
      if (effect.type === 'waitSequence') this.sequenceWaits.add(effect.sequence);
      if (effect.type === 'clearSequence') this.sequenceWaits.delete(effect.sequence);
    }
  }

  #stepJob(
    number: number,
    event: ChainEvent | JobEvent,
    post: (to: 'chain', event: ChainEvent) => void,
  ): void {
    const isStart = event.type === 'job.start';
    const before =
      this.#jobs.get(number) ?? (isStart ? this.#job.start(event).snapshot : undefined);
    if (before === undefined) return;
    const { snapshot, effects, timers } = this.#step(this.#job, before, event);
    this.#jobs.set(number, snapshot);
    if (snapshot.status === 'done') this.#jobs.delete(number);
    for (const timer of timers) {
      if (timer.kind === 'set') this.retryWaits.set(number, timer.event);
      else this.retryWaits.delete(number);
    }
    for (const effect of effects as JobEffect[]) {
      this.log.push(effect);
      if (effect.type === 'startAttempt') this.attempts.set(number, effect);
      if (effect.type === 'forgetAttempt') this.attempts.delete(number);
      if (effect.type === 'reportWaiting') post('chain', { type: 'job.waiting', job: number });
      if (effect.type === 'reportRetrying') post('chain', { type: 'job.retrying', job: number });
      if (effect.type === 'reportOutcome') post('chain', { ...effect, type: 'job.finished' });
    }
  }

  #step(stepper: Stepper, snapshot: AnyMachineSnapshot, event: Event): Stepped {
    const stepped = stepper.step(snapshot, event);
    if (this.#isTripped) {
      const persisted: unknown = JSON.parse(JSON.stringify(stepper.persist(snapshot)));
      const again = stepper.step(stepper.restore(persisted), event);
      const isSame =
        isDeepStrictEqual(again.effects, stepped.effects) &&
        isDeepStrictEqual(again.timers, stepped.timers) &&
        isDeepStrictEqual(again.snapshot.context, stepped.snapshot.context);
      if (!isSame)
        throw new Error(`${event.type} asks for something else after a trip through JSON`);
    }
    return stepped;
  }
}

export const stop: ChainEvent = { type: 'request.stop' };
export const suspend: ChainEvent = { type: 'request.suspend' };
export const resume: ChainEvent = { type: 'request.resume' };

/** A group whose chain has been created. */
export function begun(of: Plan): Group {
  const group = new Group(true);
  group.send(create(of));
  return group;
}

/** Numbers of the jobs that have an attempt out. */
export function running(group: Group): number[] {
  return [...group.attempts.keys()].sort((a, b) => a - b);
}

/** Of every job, in plan order. */
export function states(group: Group): string[] {
  return group.context.progress.rows.chunks.flat().map(({ state }) => state);
}
