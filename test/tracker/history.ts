/** Random histories of chains as journals: each group is stepped by the runtime's own pure half. */
import fc from 'fast-check';
import { builtInActors } from '../../actors/index.ts';
import type { ChainContext } from '../../machines/chain.ts';
import type { Plan } from '../../machines/graph.ts';
import type { Entry } from '../../src/ports/journal.ts';
import { build, rootShape } from '../machines/shapes.ts';
import { command, rang, Story } from '../runtime/pure.ts';

export type Step = { roll: number; pick: number; group: number };

const groups = 3;

/** Plans of some chains, and what happens to them in turn. */
export const histories = fc.record({
  plans: fc.array(
    fc
      .tuple(rootShape, fc.boolean(), fc.constantFrom(1, 2, 4))
      .map(([top, hasTop, maxStarted]) => build(top, hasTop, maxStarted)),
    { minLength: groups, maxLength: groups },
  ),
  steps: fc.array(fc.record({ roll: fc.nat(99), pick: fc.nat(50), group: fc.nat(groups - 1) }), {
    maxLength: 150,
    size: 'max',
  }),
});

/** One chain, its journal growing. */
export class ChainStory {
  readonly story = new Story([...builtInActors]);
  readonly plan: Plan;
  #parkedAt = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.#tell('chain.create', { plan, requestType: 'random', args: { n: 1 }, user: 'ada' });
  }

  get context(): ChainContext {
    const snapshot = this.story.resident.group.actors.get('chain/main');
    return snapshot?.context as ChainContext;
  }

  get state(): string {
    return String(this.story.resident.group.actors.get('chain/main')?.value);
  }

  take({ roll, pick }: Step): void {
    if (roll < 40) this.#answer('attempt.succeeded', pick, { result: pick });
    else if (roll < 62) this.#answer('attempt.failed', pick, failure(pick));
    else if (roll < 66) this.#answer('attempt.stopped', pick);
    else if (roll < 80) this.#ring(pick);
    else if (roll < 84) this.#tell('request.suspend');
    else if (roll < 91) this.#tell('request.resume');
    else if (roll < 93) this.#tell('request.stop');
    else if (roll < 96) this.#park();
    else this.#tell('group.unpark');
  }

  /** What the program cannot step any more is kept. */
  #park(): void {
    const { story } = this;
    if (story.resident.parked !== undefined) return;
    this.#parkedAt = story.journal.length;
    story.resident = { ...story.resident, parked: 'its program changed' };
  }

  #answer(type: string, pick: number, fields: object = {}): void {
    const rows = [...this.story.resident.group.obligations.attempts.values()];
    const row = rows[pick % rows.length];
    if (row === undefined) return;
    const { actor, key, job } = row;
    const body = JSON.stringify({ key, attempt: job.attempt, ...fields });
    this.story.tell({ type, group: 'g', to: actor, meta: {}, body });
  }

  #ring(pick: number): void {
    const { group, parked } = this.story.resident;
    const timers = [...group.obligations.timers.values()].filter(
      // Kept with an answer, a deadline does not show which of them came first.
      ({ actor, key }) =>
        parked === undefined || actor !== 'chain/main' || !key.startsWith('xstate'),
    );
    const timer = timers[pick % timers.length];
    if (timer !== undefined) this.story.tell(rang(timer.seq, timer.n));
  }

  #tell(type: string, body: object = {}): void {
    const hasKept = this.story.journal.length > this.#parkedAt;
    // A host that was restarted knows of a group that it is parked only by what was kept.
    if (type === 'group.unpark' && !hasKept) return;
    this.story.tell({ ...command(type, body), to: 'chain/main' });
  }
}

function failure(pick: number): object {
  return {
    reason: `broken ${pick}`,
    ...(pick % 4 === 0 && { final: true }),
    ...(pick % 4 === 1 && { retryAfterMs: 7 }),
  };
}

/** Lets the steps happen; entries in the order of the partition that all chains share. */
export function journalOf({ plans, steps }: { plans: readonly Plan[]; steps: readonly Step[] }): {
  stories: ChainStory[];
  entries: Entry[];
} {
  const entries: Entry[] = [];
  const stories = plans.map((plan) => new ChainStory(plan));
  const taken = stories.map(() => 0);
  const collect = (): void => {
    for (const [index, { story }] of stories.entries()) {
      for (const entry of story.journal.slice(taken[index])) {
        const offset = entries.length + 1;
        entries.push({ ...entry, partition: 0, offset, group: `g${index}` });
      }
      taken[index] = story.journal.length;
    }
  };
  collect();
  for (const step of steps) {
    stories[step.group]?.take(step);
    collect();
  }
  return { stories, entries };
}
