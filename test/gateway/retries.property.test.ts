/**
 * A request that fails, is stopped, and is retried, as often as it takes, comes to the same as one that never
 * failed: each job is run with the same data and results, whichever of them were carried over.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChainEvent } from '../../machines/chain.ts';
import { noopType } from '../../machines/graph.ts';
import type { Plan } from '../../machines/graph.ts';
import { planRetry } from '../../src/gateway/retries.ts';
import type { Ended } from '../../src/gateway/retries.ts';
import { create, Group } from '../machines/kit.ts';
import type { Attempt } from '../machines/kit.ts';
import { build, rootShape } from '../machines/shapes.ts';

type Step = { roll: number; pick: number };

const unused = () => Promise.reject(new Error('a small plan needs no blobs'));
const blobs = { put: unused, get: unused };

/** A request that one value log goes through, from one retry to the next. */
class Run {
  readonly group = new Group(true);
  readonly #values: unknown[];

  constructor(event: ChainEvent, values: unknown[]) {
    this.#values = values;
    this.group.send(event);
  }

  /** What a job makes follows from what it is given, but for what it wrote itself in an earlier try. */
  succeed(attempt: Attempt): void {
    const { job, data: given, results } = attempt;
    const data = Object.assign({}, ...given.map((each) => this.#values[each])) as object;
    const { [`j${job}`]: _own, ...before } = data as Record<string, unknown>;
    const known = Object.entries(results).map(([type, list]) => [
      type,
      list.map((each) => (each === null ? null : this.#values[each])),
    ]);
    const made = createHash('sha256')
      .update(JSON.stringify([job, Object.entries(before).sort(), known.sort()]))
      .digest('hex');
    const result = this.#values.push(made) - 1;
    this.group.succeed(job, {
      result,
      data: this.#values.push({ ...before, [`j${job}`]: made }) - 1,
    });
  }

  /** Goes on as the steps say, then without a failure, until it has ended. */
  end(steps: readonly Step[]): void {
    const left = [...steps];
    while (!['complete', 'failed', 'stopped'].includes(this.group.state)) {
      const { roll, pick } = left.shift() ?? { roll: 99, pick: 0 };
      const attempts = [...this.group.attempts.values()].sort((a, b) => a.job - b.job);
      const attempt = attempts[pick % attempts.length];
      if (attempt === undefined) this.#wait();
      else if (this.group.state === 'stopping') this.group.stopped(attempt.job);
      else if (roll < 3) this.group.send({ type: 'request.stop' });
      else if (roll < 40) this.group.fail(attempt.job);
      else this.succeed(attempt);
    }
  }

  #wait(): void {
    for (const job of [...this.group.retryWaits.keys()]) this.group.retryDue(job);
    for (const sequence of [...this.group.sequenceWaits]) this.group.sequenceDue(sequence);
  }

  ended(plan: Plan): Ended {
    const { state, context } = this.group;
    const rows = context.progress.rows.chunks.flat();
    const common = { requestType: 'r', args: null, plan, rows };
    return { ...common, state: state.toUpperCase(), values: () => Promise.resolve({}) };
  }

  /** Nothing is complete after what is still to run. */
  checkParents({ jobs }: Plan): void {
    for (const [number, { name, parents }] of jobs.entries()) {
      if (this.group.row(number).state !== 'complete') continue;
      const open = parents.filter((parent) => this.group.row(parent).state !== 'complete');
      expect(open, `${name} is kept`).toEqual([]);
    }
  }

  /** What each job has made. */
  made(): unknown[] {
    const rows = this.group.context.progress.rows.chunks.flat();
    return rows.map(({ result }) => (result === undefined ? undefined : this.#values[result]));
  }
}

test('a retried chain ends as one that had not failed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        shape: rootShape,
        hasTopSequence: fc.boolean(),
        maxStarted: fc.constantFrom(1, 3, 200),
        histories: fc.array(
          fc.array(fc.record({ roll: fc.nat(99), pick: fc.nat(50) }), { maxLength: 30 }),
          { maxLength: 3 },
        ),
        picks: fc.array(fc.nat(50), { minLength: 4, maxLength: 4 }),
      }),
      async ({ shape, hasTopSequence, maxStarted, histories, picks }) => {
        const plan = build(shape, hasTopSequence, maxStarted);
        const wanted = new Run(create(plan), []);
        wanted.end([]);
        expect(wanted.group.state).toBe('complete');

        const values: unknown[] = [];
        let run = new Run(create(plan), values);
        for (const [n, steps] of [...histories, []].entries()) {
          run.end(steps);
          const ended = run.ended(plan);
          const name = plan.jobs[(picks[n] ?? 0) % plan.jobs.length]?.name;
          const isComplete = run.group.state === 'complete';
          const from = isComplete || (picks[n] ?? 0) % 3 === 0 ? name : undefined;
          const body = await planRetry(
            { of: 'before', from },
            { chains: [], jobs: new Map(), blobs, ended: async () => ended },
          );
          run = new Run({ ...body, type: 'chain.create' } as ChainEvent, values);
          run.checkParents(plan);
          const again = plan.jobs.findIndex((job) => job.name === from);
          if (again !== -1 && plan.jobs[again]?.type !== noopType)
            expect(run.group.row(again).state).not.toBe('complete');
        }
        run.end([]);
        expect(run.group.state).toBe('complete');
        expect(run.made()).toEqual(wanted.made());
      },
    ),
  );
});
