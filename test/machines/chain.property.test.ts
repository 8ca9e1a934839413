/** Random histories of random chains: the machines and the naive reference agree after every event. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finishedJobs } from '../../machines/progress.ts';
import type { Plan } from '../../machines/graph.ts';
import { create, Group } from './kit.ts';
import type { Attempt } from './kit.ts';
import { Reference } from './reference.ts';
import { build, rootShape } from './shapes.ts';

type Step = { roll: number; pick: number; hasData: boolean; hasResult: boolean; flag: boolean };

const step = fc.record({
  roll: fc.nat(99),
  pick: fc.nat(50),
  hasData: fc.boolean(),
  hasResult: fc.boolean(),
  flag: fc.boolean(),
});

class Both {
  readonly group = new Group(true);
  readonly reference: Reference;
  readonly values: Record<string, unknown>[] = [];
  readonly plan: Plan;

  constructor(plan: Plan) {
    this.plan = plan;
    this.reference = new Reference(plan);
    this.group.send(create(plan));
    this.agree();
  }

  #data(attempt: Attempt): Record<string, unknown> {
    const merged: Record<string, unknown> = {};
    for (const reference of attempt.data) Object.assign(merged, this.values[reference]);
    return merged;
  }

  #write(attempt: Attempt): { data: Record<string, unknown>; reference: number } {
    const number = this.values.length;
    const data = {
      ...this.#data(attempt),
      [`k${number % 3}`]: number,
      [`j${attempt.job}`]: number,
    };
    return { data, reference: this.values.push(data) - 1 };
  }

  answer(kind: 'succeed' | 'fail' | 'stopped', { pick, hasData, hasResult, flag }: Step): void {
    const attempts = [...this.group.attempts.values()].sort((a, b) => a.job - b.job);
    const attempt = attempts[pick % attempts.length];
    if (attempt === undefined) return;
    const { job } = attempt;
    const isWritten = hasData || (kind === 'succeed' && attempt.data.length > 1);
    const written = isWritten ? this.#write(attempt) : undefined;
    const given = written === undefined ? {} : { data: written.reference };
    const known = written === undefined ? {} : { data: written.data };
    const result = hasResult ? { result: this.values.push({}) - 1 } : {};
    if (kind === 'succeed') {
      this.group.succeed(job, { ...given, ...result });
      this.reference.succeed(job, { ...known, ...result });
    } else if (kind === 'stopped') {
      this.group.stopped(job, given);
      this.reference.stopped(job, known);
    } else {
      const isFinal = flag && pick % 4 === 0;
      const asked = flag && pick % 4 === 1 ? { retryAfterMs: 7 } : {};
      this.group.fail(job, { ...given, ...asked, final: isFinal });
      this.reference.fail(
        job,
        known,
        isFinal,
        asked.retryAfterMs ?? this.plan.jobs[job]?.retryWaitMs ?? 0,
      );
    }
    this.agree();
  }

  retryDue(pick: number): void {
    const jobs = [...this.group.retryWaits.keys()].sort((a, b) => a - b);
    const job = jobs[pick % jobs.length];
    if (job === undefined) return;
    this.reference.retryDue(job);
    this.group.retryDue(job);
    this.agree();
  }

  sequenceDue(pick: number): void {
    const waits = [...this.group.sequenceWaits].sort((a, b) => a - b);
    const sequence = waits[pick % waits.length];
    if (sequence === undefined) return;
    this.reference.sequenceDue(sequence);
    this.group.sequenceDue(sequence);
    this.agree();
  }

  command(type: 'request.stop' | 'request.suspend' | 'request.resume'): void {
    const { reference, group } = this;
    const { mode } = reference;
    const before = group.context;
    group.send({ type });
    if (type === 'request.stop' && mode === 'running') reference.halt('stopping');
    else if (type === 'request.suspend' && mode === 'running') reference.halt('suspending');
    else if (type === 'request.resume' && mode === 'suspended') reference.resume();
    else if (type === 'request.stop' && mode === 'suspended') reference.mode = 'stopped';
    else {
      expect(group.context).toBe(before);
      expect(group.log).toHaveLength(1);
    }
    expect(group.log.filter((effect) => effect.type === 'answer')).toHaveLength(1);
    this.agree();
  }

  deadline(): void {
    if (this.group.deadline === undefined) return;
    this.reference.deadline();
    this.group.deadlineDue();
    this.agree();
  }

  agree(): void {
    const { reference, group } = this;
    for (const effect of group.log) {
      if (effect.type === 'rowsChanged' && effect.to === 'complete') {
        for (const job of effect.jobs) reference.completeNoop(job);
      }
      if (effect.type === 'startAttempt') this.#checkStart(effect);
    }
    this.#checkNothingLeft();
    reference.settle();
    expect(this.#seen()).toEqual(this.#wanted());
  }

  #checkStart(attempt: Attempt): void {
    if (this.reference.job(attempt.job).state === 'pending') {
      this.reference.start(attempt.job);
      expect(attempt.results).toEqual(this.reference.results(attempt.job));
    }
    const { attempts, runTries, map } = this.reference.job(attempt.job);
    expect(attempt.attempt).toBe(attempts + runTries);
    expect(attempt.resumption).toBe(this.reference.resumption);
    expect(this.#data(attempt)).toEqual(map);
  }

  #checkNothingLeft(): void {
    for (const job of this.reference.runnable()) {
      const { type } = this.reference.planned(job);
      expect(type).not.toBe('noop');
      const started = [...this.group.attempts.values()].filter(({ jobType }) => jobType === type);
      expect(started.length).toBeGreaterThanOrEqual(this.plan.maxStarted);
    }
  }

  #seen() {
    const { progress } = this.group.context;
    return {
      state: this.group.state,
      rows: this.plan.jobs.map((_, job) => {
        const { state, attempts, tries, waiting } = this.group.row(job);
        return {
          state,
          attempts: this.plan.jobs[job]?.type === 'noop' ? 0 : attempts,
          tries,
          waiting: waiting ?? false,
        };
      }),
      sequenceTries: progress.sequences.chunks.flat().map(({ tries }) => tries),
      finishedJobs: finishedJobs(progress),
      waits: [...this.group.sequenceWaits].sort(),
      held: [...this.group.attempts.keys()].sort(),
      started: Object.values(progress.started).reduce((sum, count) => sum + count, 0),
    };
  }

  #wanted() {
    const { jobs, mode, sequenceTries, finishedJobs: finished, waits } = this.reference;
    const held = this.reference
      .numbers()
      .filter((job) => jobs[job]?.state === 'running' && !jobs[job].isWaiting);
    return {
      state: mode,
      rows: jobs.map(({ state, attempts, tries, isWaiting }) => ({
        state,
        attempts,
        tries,
        waiting: isWaiting,
      })),
      sequenceTries,
      finishedJobs: finished,
      waits: [...waits].sort(),
      held: held.sort(),
      started: held.length,
    };
  }

  isOver(): boolean {
    return ['complete', 'failed', 'stopped'].includes(this.group.state);
  }
}

function take(both: Both, step: Step): void {
  const { roll, pick } = step;
  if (roll < 40) both.answer('succeed', step);
  else if (roll < 62) both.answer('fail', step);
  else if (roll < 66) both.answer('stopped', step);
  else if (roll < 76) both.retryDue(pick);
  else if (roll < 84) both.sequenceDue(pick);
  else if (roll < 88) both.command('request.suspend');
  else if (roll < 96) both.command('request.resume');
  else if (roll < 98) both.command('request.stop');
  else both.deadline();
}

test('random histories agree with the reference and every chain ends', { timeout: 60_000 }, () => {
  const chains = fc.tuple(
    rootShape,
    fc.boolean(),
    fc.constantFrom(1, 2, 4),
    fc.array(step, { maxLength: 80, size: 'max' }),
  );
  const ends = new Map<string, number>();
  fc.assert(
    fc.property(chains, ([top, hasTopSequence, maxStarted, steps]) => {
      const both = new Both(build(top, hasTopSequence, maxStarted));
      for (const each of steps) take(both, each);
      const plain = { roll: 0, pick: 0, hasData: false, hasResult: true, flag: false };
      for (let left = 2000; !both.isOver(); left -= 1) {
        expect(left).toBeGreaterThan(0);
        if (both.group.attempts.size > 0) both.answer('succeed', plain);
        else if (both.group.retryWaits.size > 0) both.retryDue(0);
        else if (both.group.sequenceWaits.size > 0) both.sequenceDue(0);
        else both.command('request.resume');
      }
      both.command('request.stop');
      ends.set(both.group.state, (ends.get(both.group.state) ?? 0) + 1);
    }),
    { numRuns: Number(process.env['MILLRACE_TEST_RUNS'] ?? 300) },
  );
  expect([...ends.keys()].sort()).toEqual(['complete', 'failed', 'stopped']);
});
