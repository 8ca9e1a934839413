/**
 * What goes out on `millrace.transitions` for whoever listens: what was committed, and what running attempts
 * say. All of it is news and none of it truth: a message may be missing or come twice, and the journal has it all.
 */
import { z } from 'zod';
import { batchKey } from './topology.ts';

const transition = z.object({
  /** `kind/id`, or `kind/1-5,9` for a range of numbered actors of that kind. */
  actor: z.string(),
  from: z.string(),
  to: z.string(),
});

const entry = z.object({
  group: z.string(),
  seq: z.number(),
  /** Epoch milliseconds. */
  at: z.number(),
  /** Of the message that was accepted. */
  type: z.string(),
  transitions: z.array(transition),
  /** Why it was kept unstepped. */
  parked: z.string().optional(),
});

/** `batch.NN`: the entries of a partition from offset `first` to `last`. */
export const batchSchema = z.object({
  partition: z.number(),
  first: z.number(),
  last: z.number(),
  /** Left out where the host had too much on its way: what they are is in the journal. */
  entries: z.array(entry).optional(),
});

export type Batch = z.infer<typeof batchSchema>;
export type BatchEntry = z.infer<typeof entry>;

/** `chain.<request type>.<state>` */
export const chainMovedSchema = z.object({
  requestId: z.string(),
  requestType: z.string(),
  from: z.string(),
  to: z.string(),
  seq: z.number(),
  at: z.number(),
});

export type ChainMoved = z.infer<typeof chainMovedSchema>;

/** `job.<job type>.<state>`, where `publish.jobTransitions` is set. */
export const jobMovedSchema = chainMovedSchema.extend({ jobId: z.string(), jobType: z.string() });

export type JobMoved = z.infer<typeof jobMovedSchema>;

const said = {
  requestId: z.string(),
  jobId: z.string(),
  actor: z.string(),
  attempt: z.number(),
  text: z.string(),
  at: z.number(),
};

/** `status.<request id>`: what a running attempt says of itself. */
export const statusSignalSchema = z.object(said);

/** `output.<request id>`: what an attempt's child process prints. */
export const outputSignalSchema = z.object({
  ...said,
  stream: z.enum(['stdout', 'stderr']),
  skipped: z.number().exactOptional(),
});

/** Types of the messages, which their routing keys begin with. */
export const news = {
  batch: 'batch',
  chain: 'chain',
  job: 'job',
  status: 'status',
  output: 'output',
} as const;

/** Longest routing key of AMQP, in bytes. */
const maxKeyBytes = 255;

/** Of a request type or an id, which are users' own: a long one is cut, so who listens looks at the body, too. */
function key(first: string, named: string, last = ''): string {
  const room = maxKeyBytes - first.length - last.length - 1;
  return `${first}.${Buffer.from(named).subarray(0, room).toString()}${last}`;
}

export const newsKeys = {
  batch: batchKey,
  chain: (type: string, state: string): string => key(news.chain, type, `.${state}`),
  job: (type: string, state: string): string => key(news.job, type, `.${state}`),
  status: (requestId: string): string => key(news.status, requestId),
  output: (requestId: string): string => key(news.output, requestId),
} as const;
