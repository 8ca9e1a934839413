/**
 * A bundle: several messages that go the same way as one AMQP message, in order, each with its AMQP properties,
 * headers included, and its body as the text that it is. Whoever consumes takes it as those messages, and acks it
 * with the last of them; nobody has to send one.
 */
import { z } from 'zod';

/** AMQP `type` of the message that brings them. */
export const bundleType = 'bundle';

const bundledSchema = z.object({
  messageId: z.string(),
  type: z.string(),
  /** Epoch milliseconds. */
  timestamp: z.number(),
  correlationId: z.string().exactOptional(),
  replyTo: z.string().exactOptional(),
  headers: z.record(z.string(), z.string()).exactOptional(),
  /** JSON text. */
  body: z.string(),
});

export const bundleSchema = z.object({ messages: z.array(bundledSchema).nonempty() });
