/** What goes over HTTP: Spin Cycle's types with their exact keys (specification 2.2). */
import { z } from 'zod';

const id = z.string().describe('26 digits and letters, in the order of time; or the one given');
const instant = z.iso.datetime().describe('RFC 3339');
const nanoseconds = z.number().describe('Unix time in nanoseconds');
const jobId = z.string().describe("The job's name, which is unique in its request");
const jobTry = z.int().describe('From 1, over all retries');

const stateNames = ['UNKNOWN', 'PENDING', 'RUNNING', 'COMPLETE', 'FAIL', 'RESERVED', 'STOPPED'];

/** Names by number. */
export const states: readonly string[] = [...stateNames, 'SUSPENDED'];

const state = z
  .int()
  .min(0)
  .max(states.length - 1)
  .describe(states.map((name, number) => `${number} ${name}`).join(', '));

export const requestArgSchema = z.object({
  Pos: z.int().describe('Among those of its type, from 0'),
  Name: z.string(),
  Desc: z.string(),
  Type: z.enum(['required', 'optional', 'static']),
  Given: z.boolean(),
  Default: z.unknown(),
  Value: z.unknown(),
});

export const jobSchema = z.object({
  id: jobId,
  name: z.string(),
  type: z.string(),
  state,
  args: z.unknown().optional(),
  retry: z.int(),
  retryWait: z.string().optional().describe('A duration, such as 1m30s'),
  sequenceId: z.string().describe('Id of the first job of its sequence'),
  sequenceRetry: z.int(),
  sequenceRetryWait: z.string().optional(),
});

export const jobChainSchema = z.object({
  requestId: id,
  jobs: z.record(z.string(), jobSchema),
  adjacencyList: z
    .record(z.string(), z.array(z.string()))
    .describe('For each job that others wait for, those jobs'),
  state,
  finishedJobs: z.int(),
});

export const requestSchema = z.object({
  id,
  type: z.string(),
  state,
  user: z.string(),
  args: z.array(requestArgSchema).optional(),
  createdAt: instant,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  JobChain: jobChainSchema.optional(),
  totalJobs: z.int(),
  finishedJobs: z.int(),
  labels: z.record(z.string(), z.string()).optional(),
  retryOf: z
    .object({
      request: id,
      from: z.string().optional(),
      carried: z.int().optional().describe('Jobs whose results were taken over'),
      outdated: z
        .array(z.string())
        .readonly()
        .optional()
        .describe('Of these some that had other args'),
    })
    .optional()
    .describe('The request that it retries'),
  parked: z.string().optional().describe('Why its messages are kept unstepped'),
});

export const jobLogSchema = z.object({
  requestId: id,
  jobId,
  try: jobTry,
  name: z.string(),
  type: z.string(),
  startedAt: nanoseconds,
  finishedAt: nanoseconds,
  state,
  exit: z.int(),
  error: z.string(),
  stdout: z.string(),
  stderr: z.string(),
});

const jobStatusSchema = z.object({
  requestId: id,
  jobId,
  type: z.string(),
  name: z.string(),
  startedAt: nanoseconds,
  state,
  status: z.string().optional(),
  try: jobTry,
});

export const runningStatusSchema = z.object({
  jobs: z.array(jobStatusSchema).nullable(),
  requests: z.record(z.string(), requestSchema).nullable(),
});

export const requestSpecSchema = z.object({ Name: z.string(), Args: z.array(requestArgSchema) });

/** Taken as they are: a copy would lose a key like `__proto__`. */
const argsSchema = z
  .unknown()
  .refine((value) => value === undefined || isArgs(value), 'must be an object of values by name')
  .meta({ type: ['object', 'null'], description: 'Values by name' });

/** Keys in any case, as Go reads them. */
export const createRequestSchema = z.strictObject({
  type: z.string().min(1, 'is empty; name a request of GET /api/v1/request-list'),
  args: argsSchema.optional(),
  user: z.string().optional().describe('Ignored: the caller is the user'),
  labels: z.record(z.string(), z.string()).optional(),
  requestId: z
    .string()
    .optional()
    .describe(
      'To send the same create again: one that exists is answered with, and stays as it is',
    ),
});

export const retryRequestSchema = z.strictObject({
  from: z
    .string()
    .exactOptional()
    .describe('Name of a job that runs again, with all after it, though they be complete'),
  set: argsSchema
    .exactOptional()
    .describe('Args that change: jobs that run are planned with these, complete ones are kept'),
  labels: z
    .record(z.string(), z.string())
    .exactOptional()
    .describe('Default: those of the request that is retried'),
  requestId: z
    .string()
    .exactOptional()
    .describe('Of the new request, to send the same retry again'),
});

/** Of what a handler answers with. */
export const errorSchema = z.object({
  message: z.string(),
  requestId: z.string(),
  httpStatus: z.int(),
});

/** Of what is refused before a handler is asked. */
export const refusalSchema = z.object({ message: z.string() });

export const transitionSchema = z.object({
  seq: z.int(),
  at: instant,
  actor: z.string().describe('`chain`, `job/NAME`, or an actor of the user’s own'),
  from: z.string(),
  to: z.string(),
});

export const progressSchema = z.object({ state, totalJobs: z.int(), finishedJobs: z.int() });

export type WireRequest = z.infer<typeof requestSchema>;
export type WireRequestArg = z.infer<typeof requestArgSchema>;
export type WireRequestSpec = z.infer<typeof requestSpecSchema>;
export type WireJob = z.infer<typeof jobSchema>;
export type WireJobChain = z.infer<typeof jobChainSchema>;
export type WireJobLog = z.infer<typeof jobLogSchema>;
export type WireRunningStatus = z.infer<typeof runningStatusSchema>;
export type WireProgress = z.infer<typeof progressSchema>;

/** Null is none. */
function isArgs(value: unknown): boolean {
  return typeof value === 'object' && !Array.isArray(value);
}
