/**
 * A chain's plan as `chain.create` carries it: whole while it is small, else in chunks that lie in blobs and
 * are named by hash (architecture, section 6). The gateway sends it, hosts step it, the tracker reads it.
 */
import { z } from 'zod';
import type { PlanJob, PlanSequence } from '../../machines/graph.ts';

/** One job of a plan. */
export const planJobSchema = z.object({
  name: z.string(),
  type: z.string(),
  args: z.unknown(),
  parents: z.array(z.number()),
  retries: z.number(),
  retryWaitMs: z.number(),
  timeoutMs: z.number().optional(),
  sequence: z.number().optional(),
});

/** One sequence of a plan. */
export const planSequenceSchema = z.object({
  name: z.string(),
  first: z.number(),
  retries: z.number(),
  waitMs: z.number(),
  parent: z.number().optional(),
});

/** A list cut into chunks; each chunk is a blob's hash here. */
const namedSchema = z.object({ size: z.number(), chunks: z.array(z.string()) });

/** A list in chunks that are named by hash. */
export type Named = z.infer<typeof namedSchema>;

/** The plan in the body of `chain.create`. */
export const sentPlanSchema = z.object({
  jobs: z.union([namedSchema, z.array(planJobSchema)]),
  sequences: z.union([namedSchema, z.array(planSequenceSchema)]),
  maxStarted: z.number(),
});

/** A job that is complete in the request that this one retries, with the numbers of its values there. */
export const carriedJobSchema = z.object({
  job: z.number(),
  result: z.number().optional(),
  data: z.number().optional(),
  merged: z.array(z.number()).optional(),
});

/** The carried jobs in the body of `chain.create`. */
export const carriedSchema = z.union([namedSchema, z.array(carriedJobSchema)]);

/** Part of a value log: texts, from the number `first` on. */
export const valueChunkSchema = z.object({
  first: z.number(),
  texts: z.array(z.string()),
  bytes: z.number(),
});

/** A value log as it is stored: chunks by hash, short ones as they are. */
export const frozenValuesSchema = z.object({
  length: z.number(),
  chunks: z.array(z.union([z.string(), valueChunkSchema])),
});

/** Which request a chain retries, and how. */
export const retryOfSchema = z.object({
  request: z.string(),
  from: z.string().optional(),
  carried: z.number(),
  outdated: z.array(z.string()).optional(),
});

/** A text by its hash. */
type Fetch = (hash: string) => Promise<string>;

/** Where the body of an entry is. */
type Written = { body?: string; blob?: string };

/**
 * The jobs of the plan in a `chain.create` entry, in plan order, some hundreds at a time: a plan of 100,000
 * is never read at once.
 */
export function planJobs(entry: Written, fetch: Fetch): AsyncGenerator<readonly PlanJob[]> {
  return planList<PlanJob>(entry, 'jobs', fetch);
}

/** Its sequences, likewise. */
export function planSequences(
  entry: Written,
  fetch: Fetch,
): AsyncGenerator<readonly PlanSequence[]> {
  return planList<PlanSequence>(entry, 'sequences', fetch);
}

/** A cast: a body was checked by its schema before the entry was written. */
async function* planList<T>(
  { body, blob }: Written,
  what: 'jobs' | 'sequences',
  fetch: Fetch,
): AsyncGenerator<readonly T[]> {
  const text = blob === undefined ? (body ?? '{}') : await fetch(blob);
  const list = (JSON.parse(text) as { plan: Record<typeof what, Named | T[]> }).plan[what];
  if (Array.isArray(list)) yield list;
  else for (const hash of list.chunks) yield JSON.parse(await fetch(hash)) as T[];
}
