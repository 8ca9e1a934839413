/**
 * What one entry does to the jobs of a chain as the world sees them: states, attempts, the job log.
 * Part of `tracked.ts`.
 */
import { Editing } from './chunks.ts';
import type { Chunks } from './chunks.ts';
import type { Answer, Move, Stepped, TrackedAttempt, TrackedJob } from './tracked.ts';

export type Turn = {
  at: number;
  jobs: Editing<TrackedJob>;
  /** Copies that this turn may change. */
  touched: Map<number, TrackedJob>;
  counts: Record<string, number>;
  attempts: TrackedAttempt[];
  /** Answers that no transition has shown the effect of yet; the first of each attempt counts. */
  answers: Map<string, Answer>;
  isSkipping: boolean;
};

/** States that end a job, and a request. */
export const ends: ReadonlySet<string> = new Set(['complete', 'failed', 'stopped']);

/** The jobs of a request while one entry changes them. */
export function openJobs(
  jobs: Chunks<TrackedJob>,
  counts: Readonly<Record<string, number>>,
  { at, answers, isSkipping = false }: Stepped,
): Turn {
  return {
    at,
    jobs: new Editing(jobs),
    touched: new Map(),
    counts: { ...counts },
    attempts: [],
    answers: new Map(answers?.toReversed().map((answer) => [keyOf(answer), answer])),
    isSkipping,
  };
}

/**
 * An entry lists moves of one sort together, so what one job did may stand in another order than it
 * was done; each move leads on from where the job is.
 */
export function moveJobs(turn: Turn, moves: readonly Move[]): void {
  if (turn.jobs.size === 0) return;
  let open = moves.filter(({ kind }) => kind === 'job');
  for (let isForced = false; open.length > 0;) {
    const later = open.flatMap((move) => {
      const ids = passedOver(turn, move, isForced);
      return ids.length > 0 ? [{ ...move, ids }] : [];
    });
    // The journal is the truth, also where it is not understood.
    isForced = sizeOf(later) === sizeOf(open);
    open = later;
  }
}

function sizeOf(moves: readonly Move[]): number {
  return moves.reduce((sum, { ids }) => sum + ids.length, 0);
}

/** Moves the jobs that are where the move begins, or all when forced; answers the others. */
function passedOver(turn: Turn, { ids, from, to }: Move, isForced: boolean): string[] {
  const later: string[] = [];
  for (const id of ids) {
    const [first, last] = typeof id === 'object' ? id : [Number(id), Number(id)];
    for (let job = first; job <= last; job += 1) {
      if (isForced || turn.jobs.at(job).state === from) move(turn, job, to);
      else later.push(String(job));
    }
  }
  return later;
}

const isBusy = (state: string): boolean => state === 'running' || state === 'stopping';

function move(turn: Turn, number: number, to: string): void {
  const job = touch(turn, number);
  const from = job.state;
  turn.counts[from] = (turn.counts[from] ?? 0) - 1;
  turn.counts[to] = (turn.counts[to] ?? 0) + 1;
  job.state = to;
  if (isBusy(from) && !isBusy(to)) endAttempt(turn, number, { from, to });
  // The attempt that the wait was for never ran; its number is not used again.
  if (from === 'waiting' && ends.has(to)) job.attempts += 1;
  if (to === 'running') beginAttempt(turn, number);
  if (to === 'pending') reset(job);
  if (!ends.has(to)) return;
  job.startedAt ??= turn.at;
  job.finishedAt = turn.at;
  if (to !== 'failed') delete job.reason;
}

function touch(turn: Turn, number: number): TrackedJob {
  const known = turn.touched.get(number);
  if (known !== undefined) return known;
  const job = Object.assign({}, turn.jobs.at(number));
  turn.touched.set(number, job);
  turn.jobs.set(number, job);
  return job;
}

function reset(job: TrackedJob): void {
  delete job.startedAt;
  delete job.attemptAt;
  delete job.finishedAt;
  delete job.reason;
}

function beginAttempt(turn: Turn, number: number): void {
  const job = touch(turn, number);
  job.attempts += 1;
  job.startedAt ??= turn.at;
  job.attemptAt = turn.at;
  const { name, type, attempts } = job;
  const startedAt = turn.at;
  turn.attempts.push({ job: number, name, type, attempt: attempts, state: 'running', startedAt });
}

/** An attempt ends with its answer, or without one when the time to stop is over. */
function endAttempt(turn: Turn, number: number, { from, to }: Pick<Move, 'from' | 'to'>): void {
  const job = touch(turn, number);
  const said = isGivenUp({ from, to }) ? givenUp : wordsOf(turn.answers.get(`job/${number}`));
  turn.answers.delete(`job/${number}`);
  const { attempt = job.attempts, reason, ...output } = said;
  job.attempts = attempt;
  if (reason !== undefined) job.reason = reason;
  const { name, type, attemptAt } = job;
  turn.attempts.push({
    job: number,
    name,
    type,
    attempt,
    state: ends.has(to) ? to : 'failed',
    ...(attemptAt !== undefined && { startedAt: attemptAt }),
    finishedAt: turn.at,
    ...(reason !== undefined && { reason }),
    ...output,
  });
}

type Words = Partial<Omit<Answer, 'outcome' | 'to' | 'key'>>;

/** In the words of the job's machine. */
const givenUp: Words = { reason: 'it did not stop in time' };

/** A job that is told to stop does not fail by its answer. */
function isGivenUp({ from, to }: Pick<Move, 'from' | 'to'>): boolean {
  return from === 'stopping' && to === 'failed';
}

function wordsOf(answer: Answer | undefined): Words {
  if (answer === undefined) return {};
  const { outcome: _outcome, to: _to, key: _key, ...words } = answer;
  return words;
}

/** Answers without a transition: a job that is tried again at once, or an actor of the user's own. */
export function takeAnswers(turn: Turn): void {
  for (const answer of turn.answers.values()) {
    const number = turn.jobs.size > 0 ? jobOf(answer.to) : undefined;
    if (number === undefined) turn.attempts.push(ownAttempt(answer, turn.at));
    else if (isRetried(turn, answer, number)) {
      endAttempt(turn, number, { from: 'running', to: 'running' });
      beginAttempt(turn, number);
    }
  }
}

/** What an unpark sets aside shows no transition either; what it steps after the retry may stop the job. */
function isRetried(turn: Turn, { outcome }: Answer, number: number): boolean {
  return outcome === 'failed' && isBusy(turn.jobs.at(number).state) && !turn.isSkipping;
}

/** A job has one attempt at a time, an actor of the user's own one a key. */
function keyOf({ to, key }: Answer): string {
  return jobOf(to) === undefined ? `${to}:${key}` : to;
}

function jobOf(address: string): number | undefined {
  return address.startsWith('job/') ? Number(address.slice(4)) : undefined;
}

/** The start of an own actor's attempt is not in the journal. */
function ownAttempt(answer: Answer, at: number): TrackedAttempt {
  const { outcome, key, attempt } = answer;
  const state = outcome === 'succeeded' ? 'complete' : outcome;
  return { job: keyOf(answer), name: key, attempt, state, finishedAt: at, ...wordsOf(answer) };
}
