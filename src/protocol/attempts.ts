/**
 * The messages between groups and workers (architecture, section 8), as JSON bodies. This file is what a
 * worker in any language is written from; the rules come first, the bodies below.
 *
 * **A worker** consumes `millrace.job.<type>`. A delivery has the type `attempt.start`; its body is
 * `attemptStartSchema`. Starts of quick jobs may come as one message of the type `bundle` (`bundle.ts`), which is
 * acked with the last of them and redelivered whole. All that the worker says goes to the exchange
 * `millrace.results` with the routing key `answer.routingKey`, persistent, the message type as AMQP `type`, a
 * `message-id`, and the headers `group` and `to` as `answer` has them. The body holds `key` (of `answer`),
 * `attempt`, and the worker's own `executionId`.
 *
 * 1. Run the job, publish `attempt.succeeded`, `attempt.failed` or `attempt.stopped`, wait for the broker's
 *    confirm, then ack. An unacked start of a worker that dies is given to another one at once.
 * 2. Do not run a start that is redelivered, or has `replaces`, or whose `claim` is lower than one the worker
 *    has seen of the same `answer.routingKey` (in another start, or in an `attempt.report`): publish
 *    `attempt.confirm` with AMQP `reply-to` (a queue of the worker's own), again every 2 s, until an
 *    `attempt.verdict` for this executionId comes, and do as it says. Of two starts of one attempt that a worker
 *    holds, it acks the one with the lower claim and keeps the other, whatever it has done for it by then.
 * 3. What has not ended 30 s after it came: publish `attempt.lease` (with `reply-to`), wait for the broker's
 *    confirm, then ack the start. From then on publish it again every 20 s until the answer is confirmed; 60 s
 *    without make the execution suspect, 60 s more lost, and the attempt is run anew. A verdict `drop` says that
 *    it counts no more: end it, answer nothing.
 * 4. Once the delivery is lost (its channel closed) and there is no lease, only `attempt.succeeded` may be
 *    published for it.
 *
 * More than the least:
 * - a queue of one's own bound to the fanout `millrace.control` brings `attempt.cancel` (stop what is named, and
 *   answer; what still runs takes its lease at once; a start that comes later is answered `attempt.stopped`
 *   unrun, under rule 2 if that applies) and `attempt.report` (a new owner; name to it what is held);
 * - before it consumes, a worker publishes `attempt.hello` (routing key `hosts`, with `reply-to`); each host
 *   answers with one `attempt.report` for each partition that it owns. A partition that no report came for is
 *   one whose starts must all be confirmed;
 * - a worker that ends and holds a lease says `attempt.return`;
 * - what goes to one partition at the same time may go as one message (`bundle.ts`).
 */
import { z } from 'zod';

/** What has not ended this long after it came takes a lease, and its delivery is acked. */
export const leaseAfterMs = 30_000;

/** How often a lease is renewed. */
export const leaseRenewMs = 20_000;

/** A lease that is not renewed for this long makes its execution suspect; the second time it is lost. */
export const leasePeriodMs = 60_000;

/** How often an unanswered `attempt.confirm` is asked again. */
export const confirmAgainMs = 2_000;

/** Routing key on `millrace.results` of what every host hears. */
export const hostsKey = 'hosts';

/** A map of the user's own. Not `z.record`, which drops a key named `__proto__`. */
const userMap = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  )
  .meta({ type: 'object' });

/** `attempt.start`: what a worker is told. `args`, `data` and `results` are the user's own JSON. */
export const attemptStartSchema = z.object({
  /** `request/actor/key/attempt`: names this attempt everywhere, the same however often it is sent. */
  startId: z.string(),
  /** Offset of the claim under which it was sent: rises with each new owner of the partition. */
  claim: z.number().int().nonnegative(),
  /** The execution that it is to take the place of; such a start must be confirmed. */
  replaces: z.string().optional(),
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
  /**
   * Args, data and results are too large for the message, which then holds none of them: they come in so many
   * parts, asked for one by one with `attempt.fetch`.
   */
  parts: z.number().int().positive().optional(),
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

/** Which attempt it is about: `answer.key` and `attempt` of the start. */
const about = { key: z.string(), attempt: z.number().int().positive() };

/** Made up by the worker, unlike any other: one run of one start. */
const executionId = z.string().min(1).max(200);

const answered = { ...about, executionId: executionId.optional(), ...output };
const data = userMap.optional();

/**
 * A worker's answer: the body of `attempt.succeeded`, `attempt.failed` or `attempt.stopped`. `succeeded` counts
 * whoever says it; the others only from the execution that was last confirmed or has the lease, if there is one.
 */
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

/** Which message it is that the worker has: the same when it is redelivered, another when it was sent anew. */
const copy = {
  /** Of the start. */
  claim: z.number().int().nonnegative(),
  /** Of the start. */
  replaces: z.string().optional(),
};

/** What a worker says of an attempt before it is answered. */
export const attemptSayingSchemas = {
  /** May it be run? Answered with `attempt.verdict`. */
  'attempt.confirm': z.object({
    ...about,
    ...copy,
    executionId,
    /** The broker says that it was handed over before. */
    redelivered: z.boolean(),
    /** After the verdict `alone`: nothing else runs now in this worker. */
    alone: z.boolean().optional(),
  }),
  /** Takes or renews the lease of an execution; only the verdict `drop` comes back. */
  'attempt.lease': z.object({ ...about, ...copy, executionId }),
  /** The worker ends, and gives back what it has a lease or a verdict `run` for: it is sent anew, and not counted. */
  'attempt.return': z.object({ ...about, executionId }),
  /** Asks for one part, from 0, of args, data and results; answered with `attempt.input`. */
  'attempt.fetch': z.object({ ...about, executionId, part: z.number().int().nonnegative() }),
} as const;

export type AttemptSayingType = keyof typeof attemptSayingSchemas;

/** Answer to `attempt.confirm`, `attempt.lease` and `attempt.fetch`, to the asking worker's queue. */
export const attemptVerdictSchema = z.object({
  executionId: z.string(),
  /** Of the start that was asked about. */
  claim: z.number().optional(),
  /**
   * `run` it · `alone`: take nothing more, let the others end, confirm with `alone`, and run it then · `drop`: ack
   * it and say nothing · `stop`: publish `attempt.stopped`, then ack · `fail`: publish `attempt.failed` with
   * `reason` and `final`, then ack.
   */
  verdict: z.enum(['run', 'alone', 'drop', 'stop', 'fail']),
  reason: z.string().optional(),
});

export type AttemptVerdict = z.infer<typeof attemptVerdictSchema>;

/** Answer to `attempt.fetch`: a part of the JSON text `{"args":…,"data":[…],"results":{…}}`. */
export const attemptInputSchema = z.object({
  executionId: z.string(),
  part: z.number().int().nonnegative(),
  text: z.string(),
});

export type AttemptInput = z.infer<typeof attemptInputSchema>;

/** Fanout on `millrace.control`: whoever holds one of these attempts stops it, and answers. */
export const attemptCancelSchema = z.object({ startIds: z.array(z.string()) });

/** Says who owns a partition now: a fanout on `millrace.control` by a new owner, and the answer to `attempt.hello`. */
export const attemptReportSchema = z.object({
  /** Routing key of the partition, as in `answer.routingKey`. */
  partition: z.string(),
  /** How many partitions there are. */
  partitions: z.number().int().positive(),
  /** Starts with a lower one must be confirmed. */
  claim: z.number().int().nonnegative(),
  /** Starts that were cancelled and may still lie in a queue: they are answered unrun. */
  cancelled: z.array(z.string()).optional(),
  /**
   * The new owner waits 500 ms for `attempt.named`, on `millrace.results` with this routing key; what nobody names
   * it sends anew.
   */
  namesTo: z.string().optional(),
});

export type AttemptReport = z.infer<typeof attemptReportSchema>;

/** What a worker holds of a partition, run or not: the start ids. */
export const attemptNamedSchema = z.object({
  partition: z.string(),
  startIds: z.array(z.string()),
});

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
