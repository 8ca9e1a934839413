/**
 * What publishers say on `millrace.commands`, where the routing key is the type of the message, and what they
 * are answered (architecture, section 10). Commands of users' actors are their own schemas.
 */
import { z } from 'zod';
import { exchanges } from './topology.ts';

/** Asks for a chain; waits while its partition has enough to do. */
export const requestCreate = 'request.create';

/** The same from job code that waits for that chain: it must name its parent, and waits for nobody. */
export const requestCreateChild = 'request.create.child';

/** Asks for a chain again that has ended: what was complete is kept, the rest runs. Waits as a create does. */
export const requestRetry = 'request.retry';

/** Steps what a parked group has kept; any group has it. */
export const groupUnpark = 'group.unpark';

/** A larger message is refused: what is large is stored elsewhere and named. */
export const maxCommandBytes = 8 * 1024 * 1024;

/** Body of `request.create`. Strict, so that a misspelt field is heard of. */
export const requestCreateSchema = z.strictObject({
  /** Type of the chain. */
  requestType: z.string().min(1),
  /** As the chain's own schema has it. */
  args: z.unknown().optional(),
  /** In place of `args`, as typed on a command line: read as the JSON they spell where the chain wants no text. */
  texts: z.record(z.string(), z.string()).exactOptional(),
  /** Default: made of the message id, so that the same message names the same request. */
  requestId: z.string().exactOptional(),
  /** For people; default: the user of the broker. */
  user: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  /** Address of the actor that asks, `group/kind/id`. */
  parent: z.string().exactOptional(),
});

/** Body of `request.retry`. */
export const requestRetrySchema = z.strictObject({
  /** The request that has ended. */
  requestId: z.string(),
  /** Name of a job that runs again, with all after it, though they be complete. */
  from: z.string().exactOptional(),
  /** Args that change; jobs that run are planned with these, complete ones are kept. */
  set: z.record(z.string(), z.unknown()).exactOptional(),
  /** The same as typed on a command line. */
  texts: z.record(z.string(), z.string()).exactOptional(),
  /** Of the new request; default: made of the message id. */
  newRequestId: z.string().exactOptional(),
  /** For people; default: the user of the broker. */
  user: z.string().exactOptional(),
  /** Default: those of the request that is retried. */
  labels: z.record(z.string(), z.string()).exactOptional(),
});

/** Body of `group.unpark`: `skip` sends the message that throws to rejected. */
export const groupUnparkSchema = z.object({ skip: z.boolean().default(false) });

/** Whom a command is for, when its headers do not say: fields of its body, beside those of the command. */
export const addressSchema = z.object({
  requestId: z.string().exactOptional(),
  /** `group/kind/id` */
  address: z.string().exactOptional(),
});

/** What is answered to `replyTo` when a message is refused; else the actor's own answer, or `{ ok: true }`. */
export const refusalSchema = z.object({
  ok: z.literal(false),
  code: z.string(),
  message: z.string(),
});

/** A queue that only we write to: an answer there would be taken for something else. */
export function isOwnQueue(name: string): boolean {
  return name.startsWith('millrace.') && !name.startsWith(`${exchanges.replies}.`);
}
