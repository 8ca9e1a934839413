/** Journal entries as events of the tracker's machine: what of their bodies the world may know. */
import type { Answer, Creation, Move, TrackerEvent } from '../../machines/tracker.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Entry, Journal } from '../ports/journal.ts';
import { MillraceError } from '../protocol/errors.ts';
import { planJobs } from '../protocol/plans.ts';
import { parseActors } from '../runtime/transitions.ts';

/** Where the rest of an entry is. */
export type Source = { journal: Journal; blobs: Blobs };

const outcomes = new Map<string, Answer['outcome']>([
  ['attempt.succeeded', 'succeeded'],
  ['attempt.failed', 'failed'],
  ['attempt.stopped', 'stopped'],
]);

/** The event that an entry is; `kept` messages of its group came before it. */
export async function eventOf(source: Source, entry: Entry, kept: number): Promise<TrackerEvent> {
  const { seq, at, type, parked } = entry;
  if (parked !== undefined) return { type: 'entry.kept', seq, at, reason: parked };
  const stepped = { type: 'entry.stepped', seq, at, moves: movesOf(entry) } as const;
  if (outcomes.has(type)) return { answers: await answersOf(source, entry), ...stepped };
  if (type === 'chain.create') {
    const creation = await creationOf(source, entry);
    return creation === undefined ? stepped : { creation, ...stepped };
  }
  if (type !== 'group.unpark') return stepped;
  const isSkipping = (await bodyOf<{ skip?: boolean }>(source, entry))?.skip === true;
  return { answers: await keptAnswers(source, entry, kept), isSkipping, ...stepped };
}

function movesOf({ transitions }: Entry): Move[] {
  return transitions.map(({ actor, from, to }) => ({ from, to, ...parseActors(actor) }));
}

async function answersOf(source: Source, entry: Entry): Promise<Answer[]> {
  const outcome = outcomes.get(entry.type);
  const body = await bodyOf<Omit<Answer, 'outcome' | 'to'>>(source, entry);
  if (outcome === undefined || body === undefined) return [];
  const { key, attempt, reason, exit, stdout, stderr } = body;
  const said = {
    ...(reason !== undefined && { reason }),
    ...(exit !== undefined && { exit }),
    ...(stdout !== undefined && { stdout }),
    ...(stderr !== undefined && { stderr }),
  };
  return [{ outcome, to: entry.to ?? '', key, attempt, ...said }];
}

/** The answers among the messages that an unpark steps: they lie right before it. */
async function keptAnswers(source: Source, unpark: Entry, kept: number): Promise<Answer[]> {
  const { partition, group = '', seq } = unpark;
  const answers: Answer[] = [];
  for await (const entry of source.journal.readGroup(partition, group, seq - kept - 1)) {
    if (entry.seq >= seq) break;
    answers.push(...(await answersOf(source, entry)));
  }
  return answers;
}

type NamedJob = Creation['jobs'][number];

/** The body of `chain.create`. */
type CreateBody = Omit<Creation, 'type' | 'args' | 'jobs' | 'retryOf'> & {
  requestType: string;
  args?: unknown;
  /** Of a plan that is stored in chunks, `jobs` is no list. */
  plan: { jobs: unknown };
  retryOf?: { request: string };
};

async function creationOf(source: Source, entry: Entry): Promise<Creation | undefined> {
  const body = await bodyOf<CreateBody>(source, entry);
  if (body === undefined) return undefined;
  const { requestType, args = null, user, labels, plan, retryOf } = body;
  const jobs = Array.isArray(plan.jobs) ? named(plan.jobs as NamedJob[]) : [];
  if (!Array.isArray(plan.jobs)) {
    const chunks = planJobs(entry, (hash) => source.blobs.get(hash));
    for await (const chunk of chunks) jobs.push(...named(chunk));
  }
  return {
    type: requestType,
    args: JSON.stringify(args),
    ...(user !== undefined && { user }),
    ...(labels !== undefined && { labels }),
    ...(retryOf !== undefined && { retryOf: retryOf.request }),
    jobs,
  };
}

/** Without what a job is given, which would stay in memory with it. */
function named(jobs: readonly NamedJob[]): NamedJob[] {
  return jobs.map(({ name, type }) => ({ name, type }));
}

/** A cast: a body was checked by its schema before the entry was written. Undefined when its blob is lost. */
async function bodyOf<T>({ blobs }: Source, { body, blob }: Entry): Promise<T | undefined> {
  try {
    const text = blob === undefined ? body : await blobs.get(blob);
    return JSON.parse(text ?? '{}') as T;
  } catch (thrown) {
    if (thrown instanceof MillraceError && thrown.code === 'store') return undefined;
    throw thrown;
  }
}
