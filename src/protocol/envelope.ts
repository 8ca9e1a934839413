/**
 * The envelope: where a message comes from, where it goes, and how large its parts may be.
 * Bodies are JSON text everywhere: on the wire, in the journal, in blobs.
 */
import { z } from 'zod';

/** `kind/id` of an actor inside its group. Nothing stored in a group holds the group's own id. */
export type Address = string;

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

/** The envelope's own fields, which travel in AMQP headers beside the standard properties. */
export const headersSchema = z.object({
  /** The group that it is for, and with it the partition. */
  group: id,
  /** The actor in that group. */
  to: id,
  /** `group/kind/id` of the sending actor, or the name of the client or worker. */
  from: z.string().optional(),
  /** Id of the message that it follows from. */
  causationId: z.string().optional(),
  /** Of a message from another group: its (seq, n) there, as `12/1`. */
  place: z.string().optional(),
  /** Place of the message before it to the same group, if the sender does not know that it has arrived. */
  after: z.string().optional(),
  /** The receiver asked for it, and was at this seq then. */
  asOf: z.string().optional(),
  /** Hash of the blob that holds the body, for bodies over 64 KiB. */
  blob: z.string().optional(),
});

/** Throws for a name or an id that is too long. Keys become part of message ids and headers (architecture, section 3). */
export function checkId(id: string): void {
  if (Buffer.byteLength(id) <= maxIdBytes) return;
  throw new Error(`the key "${id.slice(0, 40)}…" is longer than ${maxIdBytes} bytes`);
}
