/** What RabbitMQ and amqplib say went wrong, as this project's errors. */
import { messageOf, TransientError } from '../../protocol/errors.ts';

/** AMQP's reply codes that are told apart here. */
export const replyCodes = { accessRefused: 403, notFound: 404, preconditionFailed: 406 } as const;

/** The reply code that an operation or a channel ended with; undefined when there was none. */
export function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}

/** `what` could not be done now; the cause's own words are kept. */
export function transient(what: string, cause: unknown): TransientError {
  return new TransientError(`${what}: ${messageOf(cause)}`, { cause });
}

/** amqplib throws this for what is asked of a channel or connection that has ended. */
export function isEnded(error: unknown): boolean {
  return error instanceof Error && error.name === 'IllegalOperationError';
}
