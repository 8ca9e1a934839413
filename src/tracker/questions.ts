/**
 * Questions to the read models, answered with the names that people read. The tracker may be behind;
 * `behind` says by how much. Where a request is now is asked of the journal (`reader.ts`).
 */
import type { Journal } from '../ports/journal.ts';
import type {
  AttemptDocument,
  Counts,
  JobDocument,
  ReadModels,
  RequestDocument,
  RequestFilter,
  RunningDocument,
} from '../ports/readmodels.ts';
import { MillraceError } from '../protocol/errors.ts';
import { machineState, publicState } from '../protocol/states.ts';

/** A request as the tracker knows it; `state` in public words, `args` parsed. */
export type FoundRequest = Omit<RequestDocument, 'args' | 'partition' | 'root'> & { args: unknown };

/** A job; `state` in public words. */
export type FoundJob = Omit<JobDocument, 'seq'>;

/** A row of the job log; `state` in public words, RUNNING until it is answered. */
export type FoundAttempt = Omit<AttemptDocument, 'seq'>;

/** A job that has begun and not ended; `attempts` names the newest, `text` is what it says. */
export type FoundRunning = Omit<RunningDocument, 'seq'>;

export type Tracked = {
  /** Entries that the journal holds and the read models do not know yet. */
  behind(): Promise<number>;
  /** Requests, newest first. `states` may be public words in any case. */
  find(filter?: RequestFilter): Promise<FoundRequest[]>;
  /** Jobs that have begun and not ended, of one request or of all, the longest running first. */
  running(id?: string): Promise<FoundRunning[]>;
  /** One request. Rejects with MillraceError `not-found`. */
  info(id: string): Promise<FoundRequest>;
  /** All jobs of a request in plan order. Rejects with MillraceError `not-found`. */
  jobs(id: string): Promise<FoundJob[]>;
  /** The job log of a request, one row an attempt, by when they ended; those that run come last. Rejects with MillraceError `not-found`. */
  log(id: string): Promise<FoundAttempt[]>;
  /** How many requests and jobs are in each state, in public words. */
  counts(): Promise<Counts>;
};

/** Asks read models; `journal` says how far they could be. */
export function createTracked(
  models: ReadModels,
  { journal, partitions }: { journal: Journal; partitions: number },
): Tracked {
  const info = async (id: string): Promise<FoundRequest> => {
    const request = await models.request(id);
    if (request !== undefined) return found(request);
    throw new MillraceError(
      'not-found',
      `request "${id}" is not known to the tracker; \`millrace find\` lists those that are`,
    );
  };
  return {
    info,
    async behind() {
      let entries = 0;
      for (let partition = 0; partition < partitions; partition += 1) {
        const { applied } = await models.applied(partition);
        entries += Math.max(0, (await journal.head(partition)) - applied);
      }
      return entries;
    },
    async find({ states, ...filter } = {}) {
      const words = states && { states: states.map(machineState) };
      return (await models.find({ ...filter, ...words })).map(found);
    },
    running: async (id) => (await models.running(id)).map(shown),
    async jobs(id) {
      await info(id);
      return (await models.jobs(id)).map(shown);
    },
    async log(id) {
      await info(id);
      return (await models.attempts(id)).map(shown).sort(byEnd);
    },
    async counts() {
      const { requests, jobs } = await models.counts();
      return { requests: inPublic(requests), jobs: inPublic(jobs) };
    },
  };
}

function found({ partition: _, root: _root, ...request }: RequestDocument): FoundRequest {
  const args: unknown = JSON.parse(request.args);
  return { ...request, args, state: publicState(request.state) };
}

function shown<T extends { state: string; seq: number }>(row: T): Omit<T, 'seq'> {
  const { seq: _, ...rest } = row;
  return { ...rest, state: publicState(row.state) };
}

function byEnd(a: FoundAttempt, b: FoundAttempt): number {
  return (a.finishedAt ?? Infinity) - (b.finishedAt ?? Infinity) || 0;
}

function inPublic(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).map(([state, count]) => [publicState(state), count]),
  );
}
