/**
 * The messages between groups and workers (architecture, section 8): `attempt.start` goes to
 * `millrace.jobs` with the job type as routing key; one answer comes back on `millrace.results`.
 */
import { z } from 'zod';

/** A map of the user's own. Not `z.record`, which drops a key named `__proto__`. */
const userMap = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
);

/** What a worker is told. `args`, `data` and `results` are the user's own JSON. */
export const attemptStartSchema = z.object({
  /** `request/actor/attempt`: names this attempt everywhere. */
  startId: z.string(),
  /** The group, and for chains the request's id. */
  requestId: z.string(),
  /** Name of the job inside its request. */
  jobId: z.string(),
  jobType: z.string(),
  /** From 1; never reused. */
  attempt: z.number().int().positive(),
  /** How often the request was resumed before. */
  resumption: z.number().int().nonnegative(),
  args: z.unknown(),
  /** Maps to be merged in order into the job's `data`; a later one wins. */
  data: z.array(userMap),
  /** Results of the direct parents by job type, in plan order; null where a parent returned nothing. */
  results: z.record(z.string(), z.array(z.unknown())),
  /** The attempt fails when it has not ended after this many milliseconds. */
  timeoutMs: z.number().optional(),
  /** Where the answer goes: the actor that asked, and the key it asked under. */
  answer: z.object({ group: z.string(), to: z.string(), key: z.string(), routingKey: z.string() }),
});

export type AttemptStart = z.infer<typeof attemptStartSchema>;

/** What a child process left: kept in the journal for people who look, no machine is given it. */
const output = {
  /** The exit code, or the name of the signal that ended it. */
  exit: z.union([z.number().int(), z.string()]).optional(),
  /** The first 4 KiB and the last 28 KiB; what lies between is counted where it is left out. */
  stdout: z.string().optional(),
  stderr: z.string().optional(),
};

const answered = { key: z.string(), attempt: z.number().int().positive(), ...output };
const data = userMap.optional();

/** A worker's answer: the body of `attempt.succeeded`, `attempt.failed` or `attempt.stopped`. */
export const attemptAnswerSchemas = {
  /** `data` is the job's whole map, left out when the job changed nothing and was given at most one map. */
  'attempt.succeeded': z.object({ ...answered, result: z.unknown().optional(), data }),
  'attempt.failed': z.object({
    ...answered,
    reason: z.string(),
    data,
    /** Overrides the job's retry wait once. */
    retryAfterMs: z.number().nonnegative().optional(),
    /** No further retry of this job. */
    final: z.boolean().optional(),
  }),
  'attempt.stopped': z.object({ ...answered, data }),
} as const;

/** The fields of an answer that are `output`. */
export type AttemptOutput = z.infer<z.ZodObject<typeof output>>;

export type AttemptAnswerType = keyof typeof attemptAnswerSchemas;

/** Fanout on `millrace.control`: whoever holds one of these attempts stops it, and answers. */
export const attemptCancelSchema = z.object({ startIds: z.array(z.string()) });

/** What a running attempt says of itself: a signal for people who watch, never journaled (architecture, section 8). */
export type StatusSignal = {
  requestId: string;
  jobId: string;
  /** Whose attempt it is: `job/17`. */
  actor: string;
  attempt: number;
  text: string;
  /** Epoch milliseconds. */
  at: number;
};

/** What an attempt's child process has just printed: a signal like the status. */
export type OutputSignal = StatusSignal & {
  stream: 'stdout' | 'stderr';
  /** Bytes left out before `text`, as more was printed than is followed. */
  skipped?: number;
};
