/**
 * Questions to the read models, answered with the names that people read. The tracker may be behind;
 * `behind` says by how much. Where a request is now is asked of the journal (`reader.ts`).
 */
import { setTimeout as pause } from 'node:timers/promises';
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

const lookAgainMs = 5;

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
  /** Resolves when they know all that was committed when this was asked; answers false when they do not within so long. */
  caughtUp(withinMs: number): Promise<boolean>;
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
  const every = Array.from({ length: partitions }, (_, partition) => partition);
  const heads = (): Promise<number[]> => Promise.all(every.map((each) => journal.head(each)));
  /** Entries up to these offsets that the read models do not know. */
  const unknown = async (offsets: readonly number[]): Promise<number> => {
    const missing = every.map(async (partition) => {
      const { applied } = await models.applied(partition);
      return Math.max(0, (offsets[partition] ?? 0) - applied);
    });
    return (await Promise.all(missing)).reduce((sum, entries) => sum + entries, 0);
  };
  /** Read models that are being made know nothing yet. */
  const knows = async (offsets: readonly number[]): Promise<boolean> => {
    try {
      return (await unknown(offsets)) === 0;
    } catch (thrown) {
      if (thrown instanceof MillraceError && thrown.code === 'store') return false;
      throw thrown;
    }
  };
  return {
    info,
    behind: async () => unknown(await heads()),
    async caughtUp(withinMs) {
      const until = Date.now() + withinMs;
      const asked = await heads();
      while (!(await knows(asked))) {
        if (Date.now() >= until) return false;
        await pause(lookAgainMs);
      }
      return true;
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
