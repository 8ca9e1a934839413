/** What the handlers of crashChain.ts's jobs share, whatever process runs them: how they end, and what they must be given. */
import { RetryAfter, Stopped } from '../../src/index.ts';
import type { JobContext, JobDefinition } from '../../src/index.ts';
import { outcomeOf } from './crashChain.ts';

type Given = Pick<JobContext<{ after: string[] }>, 'args' | 'data' | 'resultsOf'>;

/** Returns where the attempt is to succeed, and throws as is planned where it is not. */
export function endAsPlanned(requestId: string, job: string, attempt: number): void {
  switch (outcomeOf(requestId, job, attempt)) {
    case 'succeeded':
      return;
    case 'failed':
      throw new Error('as planned');
    case 'retryAfter':
      throw new RetryAfter('as planned, later', 15);
    case 'stopped':
      throw new Stopped('as planned, for good');
  }
}

/** A job is given a result, of one of these types, and data of every job that it comes after. */
export function isMisinformed(
  { args, data, resultsOf }: Given,
  jobs: readonly JobDefinition<JobDefinition['args'], { job: string }>[],
): boolean {
  const given = jobs.flatMap((job) => resultsOf(job).map((result) => result.job)).sort();
  const isMissing = args.after.some((job) => data[job] === undefined);
  return isMissing || given.join() !== [...args.after].sort().join();
}
