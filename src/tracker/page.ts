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
  const page = { requests: [], jobs: [], attempts: [] } as Rows;
  const stepped = new Map<string, Followed>();
  for (const [id, own] of byGroup(entries)) {
    const before = await groups.get(id, own[0]?.to ?? '');
    const changing = new Changing(id, before);
    for (const entry of own) await changing.take(source, entry, onFault);
    changing.addTo(page, partition);
    count(sums, before.context.request, -1);
    count(sums, changing.now.context.request, 1);
    stepped.set(id, changing.now);
  }
  const applied = entries.at(-1)?.offset ?? after;
  const counts = { requests: positive(sums.requests), jobs: positive(sums.jobs) };
  return { page: { partition, after, applied, counts, ...page }, groups: stepped };
}

/** Groups of one page do not touch each other; side by side, each is fetched once. */
function byGroup(entries: readonly Entry[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    if (entry.group === undefined) continue;
    const own = groups.get(entry.group);
    if (own === undefined) groups.set(entry.group, [entry]);
    else own.push(entry);
  }
  return groups;
}

type Rows = {
  requests: Page['requests'][number][];
  jobs: JobDocument[];
  attempts: AttemptDocument[];
};

/** One group while the entries of a page change it. */
class Changing {
  readonly #id: string;
  now: Followed;
  /** Seq of the last change of a job, by its number. */
  readonly #jobs = new Map<number, number>();
  readonly #attempts = new Map<string, TrackedAttempt & { seq: number }>();

  constructor(id: string, before: Followed) {
    this.#id = id;
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
    const { size } = this.now.context.jobs;
    const numbers = jobs === 'all' ? Array.from({ length: size }, (_, job) => job) : jobs;
    for (const job of numbers) this.#jobs.set(job, seq);
    for (const attempt of attempts)
      this.#attempts.set(`${attempt.job}/${attempt.attempt}`, { ...attempt, seq });
  }

  addTo({ requests, jobs, attempts }: Rows, partition: number): void {
    const id = this.#id;
    const { request, jobs: rows } = this.now.context;
    if (request.seq > 0) requests.push({ id, partition, ...request });
    for (const [job, seq] of this.#jobs) jobs.push({ request: id, job, seq, ...at(rows, job) });
    for (const attempt of this.#attempts.values()) attempts.push({ request: id, ...attempt });
  }
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
