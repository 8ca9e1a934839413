/**
 * The envelope: a message with where it comes from, where it goes and what it answers.
 * Bodies are JSON text everywhere: on the wire, in the journal, in blobs.
 */
import { z } from 'zod';

/** `kind/id` of an actor inside its group. Nothing stored in a group holds the group's own id. */
export type Address = string;

export type Envelope = {
  /** Unique; a second envelope with the same id is a duplicate. */
  messageId: string;
  /** `noun.verb`, the event type that the actor receives. */
  type: string;
  /** The group that it is for. */
  group: string;
  /** The actor in that group. */
  to: Address;
  /** `group/kind/id` of the sending actor, or the name of the client or worker. */
  from?: string;
  correlationId?: string;
  causationId?: string;
  /** Queue that is told the answer. */
  replyTo?: string;
  /** When it was sent, in epoch milliseconds. */
  sentAt: number;
  /** JSON text, or absent when `blob` names it. */
  body?: string;
  /** Hash of the blob that holds the body, for bodies over 64 KiB. */
  blob?: string;
};

/** At most this many bytes for a name or an id (architecture, section 3). */
export const maxIdBytes = 200;

/** Bodies above this travel by reference (architecture, section 6). */
export const inlineBytes = 64 * 1024;

/** A job's result or data may be this large in all (architecture, section 6). */
export const maxUserDataBytes = 16 * 1024 * 1024;

const id = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= maxIdBytes, `must be at most ${maxIdBytes} bytes`);

/** What travels in the AMQP headers beside the standard properties. */
export const headersSchema = z.object({
  group: id,
  to: id,
  from: z.string().optional(),
  causationId: z.string().optional(),
  blob: z.string().optional(),
});

export type Headers = z.infer<typeof headersSchema>;
