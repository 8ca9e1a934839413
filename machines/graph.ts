/**
 * Plain functions on the DAG of a plan: cycles, children, what a sequence retry resets, and what a job
 * is given of its parents. The spec planner checks with them, the chain decides with them.
 */
import { at } from './chunks.ts';
import type { Chunks } from './chunks.ts';
import type { Row, SequenceRow } from './progress.ts';

/** The job type that never gets an attempt: the chain completes it when it becomes runnable. */
export const noopType = 'noop';

export type PlanJob = {
  name: string;
  type: string;
  args: unknown;
  /** Job numbers, each once. */
  parents: readonly number[];
  /** Retries after the first attempt. */
  retries: number;
  retryWaitMs: number;
  timeoutMs?: number;
  /** The innermost sequence that the job belongs to: an index into `sequences`. */
  sequence?: number;
};

/** Jobs that are retried together. Every job of it descends from its first job. */
export type PlanSequence = {
  name: string;
  /** Number of the first job, which itself belongs to the sequence. */
  first: number;
  /** Retries after the first try. */
  retries: number;
  waitMs: number;
  /** The sequence around it. */
  parent?: number;
};

export type Plan = {
  jobs: readonly PlanJob[];
  sequences: readonly PlanSequence[];
  /** Unanswered attempts of one job type at a time. */
  maxStarted: number;
};

/** A list of a plan: as it was planned, or already cut into chunks. */
export type PlanList<T> = readonly T[] | Chunks<T>;

/** Children of a job, in the order of their numbers. */
export type Children = (job: number) => Int32Array;

/** The jobs of some cycle in order, each a parent of the next, or undefined (specification 5). */
export function findCycle(parents: readonly (readonly number[])[]): readonly number[] | undefined {
  // Nearly always each job comes after what it depends on.
  if (parents.every((list, job) => list.every((parent) => parent < job))) return undefined;
  const mark = new Uint8Array(parents.length);
  for (let root = 0; root < parents.length; root += 1) {
    const path = [{ job: root, next: 0 }];
    if (mark[root] !== 0) continue;
    mark[root] = 1;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const parent = parents[top.job]?.[top.next];
      top.next += 1;
      if (parent === undefined) {
        mark[top.job] = 2;
        path.pop();
      } else if (mark[parent] === 1) {
        const jobs = path.map(({ job }) => job);
        return jobs.slice(jobs.indexOf(parent)).reverse();
      } else if (mark[parent] === 0) {
        mark[parent] = 1;
        path.push({ job: parent, next: 0 });
      }
    }
  }
  return undefined;
}

/** Follows from the plan, so it is kept beside it and not in snapshots. */
const known = new WeakMap<object, Children>();

/** The children of each job; built once for a plan, and again after a restore. */
export function childrenOf(jobs: Chunks<PlanJob>): Children {
  const ready = known.get(jobs.chunks);
  if (ready !== undefined) return ready;
  const built = listChildren(jobs);
  known.set(jobs.chunks, built);
  return built;
}

function listChildren(jobs: Chunks<PlanJob>): Children {
  const ends = new Int32Array(jobs.size + 1);
  const eachEdge = (visit: (parent: number, child: number) => void): void => {
    let child = 0;
    for (const chunk of jobs.chunks) {
      for (const job of chunk) {
        for (const parent of job.parents) visit(parent, child);
        child += 1;
      }
    }
  };
  eachEdge((parent) => {
    ends[parent + 1] = (ends[parent + 1] ?? 0) + 1;
  });
  for (let job = 1; job <= jobs.size; job += 1) ends[job] = (ends[job] ?? 0) + (ends[job - 1] ?? 0);
  const cursor = ends.slice();
  const children = new Int32Array(ends[jobs.size] ?? 0);
  eachEdge((parent, child) => {
    const place = cursor[parent] ?? 0;
    children[place] = child;
    cursor[parent] = place + 1;
  });
  // A view of a short array would first move it out of the heap.
  return (job) => children.slice(ends[job], ends[job + 1]);
}

/**
 * What a sequence retry resets (specification 12.6): the first job, its direct children whatever their
 * state, what is reached from these through complete jobs, and the failed job.
 */
export function rollbackSet(
  children: Children,
  rowOf: (job: number) => Row,
  first: number,
  failed: number,
): number[] {
  const set = new Set([first, ...children(first)]);
  for (const job of set) {
    if (job === first || rowOf(job).state !== 'complete') continue;
    for (const child of children(job)) set.add(child);
  }
  set.add(failed);
  return [...set];
}

/** A sequence retries while tries ≤ retries; the first run counts as a try (specification 12.2). */
export function canRetrySequence(sequence: PlanSequence, { tries }: SequenceRow): boolean {
  return tries <= sequence.retries;
}

/**
 * The data of a job at its start, as value references to be merged in order: its own map and its
 * parents', in the order of the answers they are from, so that the later wins (specification 7). A
 * no-op writes nothing, so it has only its parents'.
 */
export function dataOf(jobs: Chunks<PlanJob>, rowOf: (job: number) => Row, job: number): number[] {
  const { type, parents } = at(jobs, job);
  const sources = type === noopType ? parents : [job, ...parents];
  const rows: Row[] = [];
  for (const source of sources) {
    const row = rowOf(source);
    if ((row.data ?? row.merged) !== undefined) rows.push(row);
  }
  if (rows.length === 0) return [];
  rows.sort((a, b) => (a.done ?? 0) - (b.done ?? 0));
  const merged = new Set<number>();
  for (const reference of rows.flatMap((row) => row.merged ?? row.data ?? [])) {
    merged.delete(reference);
    merged.add(reference);
  }
  return [...merged];
}

/** Results of the direct parents by job type in plan order; no-ops have none (architecture, section 6). */
export function resultsOf(
  jobs: Chunks<PlanJob>,
  rowOf: (job: number) => Row,
  job: number,
): Record<string, (number | null)[]> {
  const byType = new Map<string, (number | null)[]>();
  for (const parent of inPlanOrder(at(jobs, job).parents)) {
    const { type } = at(jobs, parent);
    if (type === noopType) continue;
    const result = rowOf(parent).result ?? null;
    const list = byType.get(type);
    if (list === undefined) byType.set(type, [result]);
    else list.push(result);
  }
  return Object.fromEntries(byType);
}

/** Planned by the gateway, they are in order: then 100,000 of them are not copied. */
function inPlanOrder(parents: readonly number[]): readonly number[] {
  const isSorted = parents.every((parent, n) => n === 0 || parent > (parents[n - 1] ?? parent));
  return isSorted ? parents : [...parents].sort((a, b) => a - b);
}
