/** What every message for the gateway must be before anything is made of it: JSON, not too large, not too deep. */
import type { z } from 'zod';
import type { Delivery, Properties } from '../ports/broker.ts';
import { isOwnQueue, maxCommandBytes } from '../protocol/commands.ts';
import { maxIdBytes } from '../protocol/envelope.ts';
import { PermanentError } from '../protocol/errors.ts';
import { sha256 } from '../protocol/hash.ts';
import { depthProblem } from '../protocol/json.ts';
import { exchanges } from '../protocol/topology.ts';

/** The JSON object in the body of what came by our exchange, where logins differ. Throws PermanentError. */
export function parseBody({ body, exchange, routingKey }: Delivery): Record<string, unknown> {
  if (exchange !== exchanges.commands)
    throw new PermanentError(`"${routingKey}" came past ${exchanges.commands}; publish it there`);
  const bytes = Buffer.byteLength(body);
  if (bytes > maxCommandBytes) {
    const most = `${maxCommandBytes / 1024 / 1024} MiB`;
    throw new PermanentError(
      `the body of "${routingKey}" has ${bytes} bytes, more than ${most}; store what is large elsewhere and give its name`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new PermanentError(`the body of "${routingKey}" is no JSON; send a JSON object`, {
      cause,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new PermanentError(`the body of "${routingKey}" is no JSON object`);
  const problem = depthProblem(body, value);
  if (problem !== undefined) throw new PermanentError(`${problem}; make it flatter`);
  return value as Record<string, unknown>;
}

/** The body as a schema reads it. Throws PermanentError naming every misfit. */
export function fit<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.map(String).join('.') || 'body'}: ${issue.message}`,
  );
  throw new PermanentError(`"${what}" does not fit: ${problems.join('; ')}`.slice(0, 2000));
}

/** Throws PermanentError for an answer's queue that is one of ours, or no name of a queue. */
export function checkReplyTo({ replyTo }: Properties): void {
  if (replyTo === undefined) return;
  if (replyTo !== '' && Buffer.byteLength(replyTo) <= 255 && !isOwnQueue(replyTo)) return;
  throw new PermanentError(
    `replyTo "${replyTo.slice(0, 255)}" is no queue for answers; declare one of your own`,
  );
}

/** The publisher's id of the message, apart from those of other publishers; undefined when it gave none. */
export function scopedId({ messageId, userId }: Properties): string | undefined {
  if (messageId === '') return undefined;
  const id = userId === undefined ? messageId : `${userId}/${messageId}`;
  return Buffer.byteLength(id) <= maxIdBytes ? id : sha256(id);
}

/** What an answer needs to find its way. */
export function replyFields({
  messageId,
  correlationId,
  replyTo,
}: Properties): Pick<Properties, 'correlationId' | 'replyTo'> {
  if (replyTo === undefined) return {};
  const answered = correlationId ?? messageId;
  return { replyTo, ...(answered !== '' && { correlationId: answered }) };
}
