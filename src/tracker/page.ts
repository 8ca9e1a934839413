/** Folds a range of a partition's journal into one page of the read models: of each row what it comes to. */
import { at } from '../../machines/chunks.ts';
import type { TrackedAttempt, TrackedRequest, TrackerEffect } from '../../machines/tracker.ts';
import type { Entry } from '../ports/journal.ts';
import type {
  AppliedDocument,
  AttemptDocument,
  Counts,
  JobDocument,
  Page,
} from '../ports/readmodels.ts';
import { MillraceError } from '../protocol/errors.ts';
import { eventOf } from './entries.ts';
import type { Source } from './entries.ts';
import { step } from './groups.ts';
import type { Followed, Groups } from './groups.ts';

/** A page, and the groups as they are once it is stored. */
export type Folded = { page: Page; groups: ReadonlyMap<string, Followed> };

type OnFault = (entry: Entry, cause: unknown) => void;

/** Folds entries that follow on what is applied; `onFault` is told of one that cannot be, which is passed over. */
export async function foldPage(
  { source, groups }: { source: Source; groups: Groups },
  document: AppliedDocument,
  entries: readonly Entry[],
  onFault: OnFault,
): Promise<Folded> {
  const { partition, applied: after } = document;
  const sums = { requests: { ...document.counts.requests }, jobs: { ...document.counts.jobs } };
  const changed: Changing[] = [];
  for (const [id, [first, ...rest]] of byGroup(entries)) {
    const before = await groups.before(id, first);
    const changing = new Changing(id, before);
    for (const entry of [first, ...rest]) await changing.take(source, entry, onFault);
    count(sums, before.context.request, -1);
    count(sums, changing.now.context.request, 1);
    if (changing.now.context.request.seq > 0) changed.push(changing);
  }
  const page = {
    partition,
    after,
    applied: entries.at(-1)?.offset ?? after,
    counts: { requests: positive(sums.requests), jobs: positive(sums.jobs) },
    requests: changed.map(({ id, now }) => ({ id, partition, ...now.context.request })),
    jobs: jobsOf(changed),
    attempts: changed.flatMap((each) => each.attempts()),
  };
  return { page, groups: new Map(changed.map(({ id, now }) => [id, now])) };
}

/** Groups of one page do not touch each other; side by side, each is fetched once. */
function byGroup(entries: readonly Entry[]): Map<string, [Entry, ...Entry[]]> {
  const groups = new Map<string, [Entry, ...Entry[]]>();
  for (const entry of entries) {
    if (entry.group === undefined) continue;
    const own = groups.get(entry.group);
    if (own === undefined) groups.set(entry.group, [entry]);
    else own.push(entry);
  }
  return groups;
}

/** One group while the entries of a page change it. */
class Changing {
  readonly id: string;
  now: Followed;
  /** Seq of the entry that made all jobs, and of the last change of a job, by its number. */
  #created = 0;
  readonly #jobs = new Map<number, number>();
  readonly #attempts = new Map<string, TrackedAttempt & { seq: number }>();

  constructor(id: string, before: Followed) {
    this.id = id;
    this.now = before;
  }

  async take(source: Source, entry: Entry, onFault: OnFault): Promise<void> {
    try {
      const event = await eventOf(source, entry, this.now.context.request.kept);
      const { followed, changed } = step(this.now, event);
      this.now = followed;
      for (const changes of changed) this.#note(changes, entry.seq);
    } catch (cause) {
      if (cause instanceof MillraceError) throw cause;
      onFault(entry, cause);
    }
  }

  #note({ jobs, attempts }: TrackerEffect, seq: number): void {
    if (jobs === 'all') this.#created = seq;
    else for (const job of jobs) this.#jobs.set(job, seq);
    for (const attempt of attempts)
      this.#attempts.set(`${attempt.job}/${attempt.attempt}`, { seq, ...attempt });
  }

  /** One at a time: a new chain may have 100,000. */
  *jobs(): Generator<JobDocument> {
    const { jobs } = this.now.context;
    const numbers = this.#created > 0 ? jobs.size : 0;
    for (let job = 0; job < numbers; job += 1) {
      if (!this.#jobs.has(job)) yield this.#job(job, this.#created);
    }
    for (const [job, seq] of this.#jobs) yield this.#job(job, seq);
  }

  #job(job: number, seq: number): JobDocument {
    return { request: this.id, job, seq, ...at(this.now.context.jobs, job) };
  }

  attempts(): AttemptDocument[] {
    return [...this.#attempts.values()].map((attempt) => ({ request: this.id, ...attempt }));
  }
}

function* jobsOf(changed: readonly Changing[]): Generator<JobDocument> {
  for (const each of changed) yield* each.jobs();
}

type Sums = { [K in keyof Counts]: Record<string, number> };

/** Adds a request to the counts, or takes it out as it was; a new one was not in them. */
function count({ requests, jobs }: Sums, request: TrackedRequest, by: 1 | -1): void {
  if (request.seq === 0) return;
  requests[request.state] = (requests[request.state] ?? 0) + by;
  for (const [state, number] of Object.entries(request.counts))
    jobs[state] = (jobs[state] ?? 0) + by * number;
}

function positive(sums: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum > 0));
}
