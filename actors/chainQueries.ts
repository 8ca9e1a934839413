/** What a chain can be asked: pure questions about its snapshot. */
import type { SnapshotFrom } from 'xstate';
import type { chainMachine } from '../machines/chain.ts';
import type { RetryOf } from '../machines/carried.ts';
import { chunkSize } from '../machines/chunks.ts';
import { find } from '../machines/progress.ts';
import type { Counts, Row, RowState } from '../machines/progress.ts';

type Chain = SnapshotFrom<typeof chainMachine>;

export type ChainStatus = {
  type: string;
  state: string;
  args: unknown;
  user?: string;
  /** Jobs by state. */
  counts: Counts;
  /** Names and numbers of the jobs that have begun and not ended. */
  running: { job: number; name: string; type: string; attempt: number }[];
  /** The last failures, newest last. */
  failures: { job?: number; name: string; reason: string }[];
  resumption: number;
  /** The request that it retries. */
  retryOf?: RetryOf;
};

export type ChainJob = {
  name: string;
  type: string;
  state: RowState;
  /** Finished ones, over all retries. */
  attempts: number;
  /** Running, and now waiting for its next attempt. */
  isWaiting?: true;
  /** Numbers of the jobs before it. */
  parents: readonly number[];
  /** The innermost sequence that it belongs to. */
  sequence?: string;
};

/** At a glance. */
export function chainStatus({ context, value }: Chain): ChainStatus {
  const { requestType, args, user, progress, reasons, resumption, retryOf } = context;
  return {
    type: requestType,
    state: value,
    args,
    ...(user !== undefined && { user }),
    counts: progress.counts,
    running: progress.counts.running === 0 ? [] : running(context),
    failures: reasons.map(({ job, reason }) =>
      job === undefined
        ? { name: 'the request', reason }
        : { job, name: nameOf(context, job), reason },
    ),
    resumption,
    ...(retryOf !== undefined && { retryOf }),
  };
}

/** Every job in plan order. */
export function chainJobs({ context }: Chain): ChainJob[] {
  const rows = context.progress.rows.chunks.flat();
  const sequences = context.sequences.chunks.flat();
  return context.jobs.chunks.flat().map(({ name, type, parents, sequence }, job) => {
    const { state = 'pending', attempts = 0, waiting } = rows[job] ?? {};
    const around = sequence === undefined ? undefined : sequences[sequence]?.name;
    return {
      name,
      type,
      state,
      attempts,
      ...(waiting && { isWaiting: waiting }),
      parents,
      ...(around !== undefined && { sequence: around }),
    };
  });
}

/** Chunks never change, so one that was looked at need not be again: a look costs by what has changed. */
const runningIn = new WeakMap<readonly Row[], readonly number[]>();

/** Places in a chunk of the rows that are running. */
function runningPlaces(chunk: readonly Row[]): readonly number[] {
  const known = runningIn.get(chunk);
  if (known !== undefined) return known;
  const places = chunk.flatMap(({ state }, place) => (state === 'running' ? [place] : []));
  runningIn.set(chunk, places);
  return places;
}

function running(context: Chain['context']): ChainStatus['running'] {
  return context.progress.rows.chunks.flatMap((chunk, number) =>
    runningPlaces(chunk).map((place) => {
      const job = number * chunkSize + place;
      const type = find(context.jobs, job)?.type ?? '';
      const attempt = (chunk[place]?.attempts ?? 0) + 1;
      return { job, name: nameOf(context, job), type, attempt };
    }),
  );
}

function nameOf(context: Chain['context'], job: number): string {
  return find(context.jobs, job)?.name ?? String(job);
}
