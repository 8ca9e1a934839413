/**
 * A chain's plan as `chain.create` carries it: whole while it is small, else in chunks that lie in blobs and
 * are named by hash (architecture, section 6). The gateway sends it, hosts step it, the tracker reads it.
 */
import { z } from 'zod';
import type { PlanJob } from '../../machines/graph.ts';

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

/**
 * The jobs of the plan in a `chain.create` entry, in plan order, some hundreds at a time: a plan of 100,000
 * is never read at once.
 */
export async function* planJobs(
  { body, blob }: { body?: string; blob?: string },
  fetch: Fetch,
): AsyncGenerator<readonly PlanJob[]> {
  const text = blob === undefined ? (body ?? '{}') : await fetch(blob);
  const { jobs } = (JSON.parse(text) as { plan: { jobs: Named | PlanJob[] } }).plan;
  if (Array.isArray(jobs)) yield jobs;
  else for (const hash of jobs.chunks) yield JSON.parse(await fetch(hash)) as PlanJob[];
}
