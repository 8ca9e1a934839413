/** The job chain of a request: the graph of its stored plan, with its jobs as they stand. Names are ids. */
import type { PlanJob, PlanSequence } from '../../machines/graph.ts';
import { durationText } from '../spec/duration.ts';
import { stateNumber } from './states.ts';
import type { WireJob, WireJobChain } from './wire.ts';

type Standing = {
  id: string;
  state: number;
  plan: { jobs: readonly PlanJob[]; sequences: readonly PlanSequence[] };
  /** By job, in plan order. */
  states: readonly { state: string }[];
};

export function jobChainOf({ id, state, plan, states }: Standing): WireJobChain {
  const jobs = new Map<string, WireJob>();
  const next = new Map<string, string[]>();
  for (const [number, job] of plan.jobs.entries()) {
    jobs.set(job.name, toJob(plan, number, states[number]?.state ?? 'pending'));
    for (const parent of job.parents) {
      const name = nameOf(plan.jobs, parent);
      const list = next.get(name);
      if (list === undefined) next.set(name, [job.name]);
      else list.push(job.name);
    }
  }
  return {
    requestId: id,
    jobs: Object.fromEntries(jobs),
    adjacencyList: Object.fromEntries(next),
    state,
    finishedJobs: states.filter((job) => job.state === 'complete').length,
  };
}

function toJob({ jobs, sequences }: Standing['plan'], number: number, state: string): WireJob {
  const { name = '', type = '', args, retries = 0, retryWaitMs = 0, sequence } = jobs[number] ?? {};
  const around = sequence === undefined ? undefined : sequences[sequence];
  const isFirst = around?.first === number;
  return {
    ...{ id: name, name, type, state: stateNumber(state) },
    ...(args !== undefined && args !== null && { args }),
    retry: retries,
    ...(retryWaitMs > 0 && { retryWait: durationText(retryWaitMs) }),
    // A job of no sequence is one of the whole chain, which begins with the first.
    sequenceId: nameOf(jobs, around?.first ?? 0),
    sequenceRetry: isFirst ? around.retries : 0,
    ...(isFirst && around.waitMs > 0 && { sequenceRetryWait: durationText(around.waitMs) }),
  };
}

function nameOf(jobs: readonly PlanJob[], number: number): string {
  return jobs[number]?.name ?? String(number);
}
