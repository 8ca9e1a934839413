/** Jobs of a chain as people see them. */
import { publicState } from './states.ts';

/** A job as its chain tells of it; `parents` are numbers in the same list. */
type ToldJob = {
  name: string;
  type: string;
  state: string;
  /** Running, and now waiting for its next attempt. */
  isWaiting?: true;
  parents: readonly number[];
  sequence?: string;
};

export type ShownJob = {
  name: string;
  type: string;
  /** PENDING, RUNNING, WAITING (for its next attempt), COMPLETE, FAIL or STOPPED. */
  state: string;
  /** Names of the jobs before it. */
  after: readonly string[];
  /** The innermost sequence that it belongs to. */
  sequence?: string;
};

/** In plan order. */
export function shownJobs(jobs: readonly ToldJob[]): ShownJob[] {
  return jobs.map(({ name, type, state, isWaiting = false, parents, sequence }) => ({
    name,
    type,
    state: publicState(isWaiting ? 'waiting' : state),
    after: parents.map((parent) => jobs[parent]?.name ?? String(parent)),
    ...(sequence !== undefined && { sequence }),
  }));
}
