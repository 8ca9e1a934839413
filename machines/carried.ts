/**
 * What a request takes over of an ended one that it retries: jobs that are complete there, with what they
 * answered. They are not run again; all others begin anew.
 */
import { asChunks } from './chunks.ts';
import type { PlanList } from './graph.ts';
import { closeParent, countSequenceTry } from './starting.ts';
import { put } from './turn.ts';
import type { Turn } from './turn.ts';

/** A job that is complete already; its value references are those of the request that it ran in. */
export type CarriedJob = {
  job: number;
  result?: number | undefined;
  data?: number | undefined;
  merged?: readonly number[] | undefined;
};

/** Which request a chain retries, and how. */
export type RetryOf = {
  request: string;
  /** The job that was to run again with all after it. */
  from?: string | undefined;
  /** Jobs whose results were taken over. */
  carried: number;
  /** Of these the first ones that ran with other args than they would be given now. */
  outdated?: readonly string[] | undefined;
};

/** Puts the jobs in their places, in the order in which they became complete: later data wins. */
export function carryOver(turn: Turn, carried: PlanList<CarriedJob>): void {
  const jobs: number[] = [];
  for (const chunk of asChunks(carried).chunks) {
    for (const { job, ...answer } of chunk) {
      complete(turn, job, answer);
      jobs.push(job);
    }
  }
  for (const job of jobs) for (const child of turn.children(job)) closeParent(turn, child);
  if (jobs.length === 0) return;
  jobs.sort((a, b) => a - b);
  turn.effects.push({ type: 'rowsChanged', from: 'pending', to: 'complete', jobs });
}

function complete(turn: Turn, job: number, answer: Omit<CarriedJob, 'job'>): void {
  const { result, data, merged } = answer;
  turn.answers += 1;
  put(turn, job, {
    ...turn.rows.at(job),
    state: 'complete',
    done: turn.answers,
    ...(result === undefined ? {} : { result }),
    ...(data === undefined ? {} : { data }),
    ...(merged === undefined ? {} : { merged }),
  });
  // Its sequence was begun: should it be retried, that is a second try.
  countSequenceTry(turn, job);
}
