/** What goes over the control socket: bodies, answers, and the lines that a follower reads. */
import { z } from 'zod';
import type { RequestStatus } from '../reader.ts';

/** `POST /requests` */
export const startSchema = z.strictObject({
  type: z.string(),
  args: z.unknown().optional(),
  /** In place of `args`, as typed on a command line. */
  texts: z.record(z.string(), z.string()).exactOptional(),
  requestId: z.string().exactOptional(),
  user: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
});

/** `POST /requests/ID/retry`; answered like a start. */
export const retrySchema = z.strictObject({
  from: z.string().exactOptional(),
  set: z.record(z.string(), z.unknown()).exactOptional(),
  /** As `set`, as typed on a command line. */
  texts: z.record(z.string(), z.string()).exactOptional(),
  /** Of the new request. */
  requestId: z.string().exactOptional(),
  user: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
});

export const startedSchema = z.object({ requestId: z.string() });

/** `POST /requests/ID/stop` and so on; the last word of the path is the command. */
export const commands = {
  stop: 'request.stop',
  suspend: 'request.suspend',
  resume: 'request.resume',
  unpark: 'group.unpark',
} as const;

export const commandSchema = z.strictObject({
  skip: z.boolean().exactOptional(),
  /** The same command sent twice under one id has one effect. */
  messageId: z.string().min(1).max(200).exactOptional(),
});

/** What a command is answered with; an unpark says how many messages it has stepped. */
export const answerSchema = z.looseObject({ ok: z.boolean() });

/** `POST /send`; answered with what the actor replies, now or later. */
export const sendSchema = z.strictObject({
  /** `group/kind/id` */
  address: z.string(),
  event: z.looseObject({ type: z.string() }),
  timeoutMs: z.number().positive().exactOptional(),
  messageId: z.string().min(1).max(200).exactOptional(),
});

/** `POST /query`; answered with what the actor answers. */
export const querySchema = z.strictObject({
  /** `group` or `group/kind/id` */
  address: z.string(),
  name: z.string(),
  args: z.unknown().optional(),
});

/** Replies and answers may be any JSON, and are wrapped so that each is an object. */
export const wrappedSchema = z.object({ answer: z.unknown() });

/** `POST /reconcile` is answered with this. */
export const reconciledSchema = z.object({ partitions: z.number() });

/** `GET /rejected?limit=100` */
export const rejectedLimitSchema = z.object({
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
});

/** `POST /rejected/ID/requeue`: with another body, if one is given. */
export const requeueSchema = z.strictObject({ body: z.string().exactOptional() });

/** `GET /host` */
export const hostInfoSchema = z.object({
  pid: z.number(),
  version: z.string(),
  /** Epoch milliseconds. */
  since: z.number(),
  /** The data folder. */
  data: z.string(),
  jobs: z.array(z.string()),
  chains: z.array(z.string()),
  /** Attempts that run just now. */
  running: z.number(),
});

/** Who hosts a data folder. */
export type HostInfo = z.infer<typeof hostInfoSchema>;

const statusLike = z.looseObject({ id: z.string(), state: z.string(), total: z.number() });

/** `GET /requests/ID`: both ends are millrace; that it is a status is enough. */
export const statusSchema = z.custom<RequestStatus>((value) => statusLike.safeParse(value).success);

const said = {
  requestId: z.string(),
  jobId: z.string(),
  actor: z.string(),
  attempt: z.number(),
  text: z.string(),
  at: z.number(),
};

/** Lines of `GET /follow` and `GET /requests/ID/follow`; a reader leaves out the types that it does not know. */
export const lineSchema = z.discriminatedUnion('type', [
  /** The first: from here on nothing is left out unsaid. */
  z.object({ type: z.literal('following') }),
  z.object({
    type: z.literal('committed'),
    requestId: z.string(),
    seq: z.number(),
    state: z.string().exactOptional(),
    parked: z.string().exactOptional(),
  }),
  z.object({ type: z.literal('status'), ...said }),
  z.object({
    type: z.literal('output'),
    ...said,
    stream: z.enum(['stdout', 'stderr']),
    skipped: z.number().exactOptional(),
  }),
  /** The follower was too slow and lines were left out: it looks in the store. */
  z.object({ type: z.literal('missed') }),
  /** The last: the host stops. */
  z.object({ type: z.literal('stopped') }),
]);

export type Line = z.infer<typeof lineSchema>;

/** An error's body, `application/problem+json` (RFC 9457); `code` is missing when nobody expected it. */
export const problemSchema = z.object({
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string().exactOptional(),
});

export type Problem = z.infer<typeof problemSchema>;

/** `POST /tracker/rebuild`: what was read of the journal, and how many requests are known then. */
export const rebuiltSchema = z.object({
  entries: z.number(),
  requests: z.number(),
  ms: z.number(),
});

export type Rebuilt = z.infer<typeof rebuiltSchema>;
