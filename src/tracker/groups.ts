/**
 * The requests that the tracker has at hand. Each is folded by its machine; those that are over, and
 * the least used above a bound, are put out of memory and come back from the read models.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { toChunks } from '../../machines/chunks.ts';
import { isOver, trackerMachine, untracked } from '../../machines/tracker.ts';
import type { TrackerContext, TrackerEffect, TrackerEvent } from '../../machines/tracker.ts';
import type { Entry } from '../ports/journal.ts';
import type { ReadModels } from '../ports/readmodels.ts';
import { createStepper } from '../runtime/step.ts';

/** Rows that are kept at hand, of all requests together: about 60 MB. */
const maxRows = 300_000;

/** A row of the request's own, with what lies around it. */
const ownRows = 5;

const stepper = createStepper(trackerMachine);

export type Followed = { readonly snapshot: AnyMachineSnapshot; readonly context: TrackerContext };

/** Steps a group with an entry; answers it anew, and what rows changed. */
export function step(
  { snapshot }: Followed,
  event: TrackerEvent,
): { followed: Followed; changed: TrackerEffect[] } {
  const stepped = stepper.step(snapshot, event);
  return { followed: followed(stepped.snapshot), changed: asChanges(stepped.effects) };
}

/** The machine emits nothing else; a stepper knows machines of any type. */
function asChanges(effects: unknown): TrackerEffect[] {
  return effects as TrackerEffect[];
}

function followed(snapshot: AnyMachineSnapshot): Followed {
  return { snapshot, context: snapshot.context as TrackerContext };
}

export class Groups {
  readonly #models: ReadModels;
  /** The least used first. */
  readonly #groups = new Map<string, Followed>();
  #rows = 0;

  constructor(models: ReadModels) {
    this.#models = models;
  }

  /** As it is before an entry; the first one names its first actor. */
  async before(id: string, { seq, to = '' }: Entry): Promise<Followed> {
    const known = this.#groups.get(id);
    if (known !== undefined) return known;
    const stored = seq === 1 ? undefined : await this.#models.request(id);
    if (stored === undefined) return followed(stepper.start(untracked(to)).snapshot);
    const { id: _id, partition: _partition, ...request } = stored;
    const jobs = (await this.#models.jobs(id)).map(
      ({ request: _request, job: _job, seq: _seq, ...row }) => row,
    );
    return followed(stepper.start({ request, jobs: toChunks(jobs) }).snapshot);
  }

  /** Keeps what is now stored. */
  keep(groups: ReadonlyMap<string, Followed>): void {
    for (const [id, group] of groups) {
      this.#drop(id);
      if (isOver(group.context.request)) continue;
      this.#groups.set(id, group);
      this.#rows += weightOf(group);
    }
    for (const id of this.#groups.keys()) {
      if (this.#rows <= maxRows || this.#groups.size === 1) break;
      this.#drop(id);
    }
  }

  /** Forgets all: what is stored may be something else. */
  clear(): void {
    this.#groups.clear();
    this.#rows = 0;
  }

  #drop(id: string): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    this.#groups.delete(id);
    this.#rows -= weightOf(group);
  }
}

/** Long arguments weigh as much as rows of 200 bytes. */
function weightOf({ context: { request, jobs } }: Followed): number {
  return ownRows + jobs.size + Math.floor(request.args.length / 200);
}
