/**
 * The closed list of errors. In the runtime an error's class says what the host does about it;
 * towards a person its message names the thing, the id and the remedy.
 */

export type ErrorCode =
  /** A store, broker or host does not answer just now; the same call is made again. */
  | 'unavailable'
  /** Another owner has appended to the partition: this ownership ends, nothing is written. */
  | 'fenced'
  /** A message that can never be accepted: set aside in `millrace.rejected` with the reason. */
  | 'rejected'
  /** One document of a write cannot be stored (too large, invalid); the others can. */
  | 'document'
  /** A definition of a job, chain or actor is wrong. */
  | 'definition'
  /** The asked-for chain cannot be planned: unknown job type, cycle, unknown dependency, duplicate name, bad args. */
  | 'plan'
  /** The named request does not exist. */
  | 'not-found'
  /** Nobody knows who asks. */
  | 'unauthenticated'
  /** Whoever asks may not do this. */
  | 'forbidden'
  /** The request's state does not allow what was asked. */
  | 'state'
  /** The data folder is hosted by another process. */
  | 'locked'
  /** A file is not a millrace store, or was written by a newer version. */
  | 'store'
  /** The configuration does not load or does not fit its schema. */
  | 'config'
  /** The command line is wrong. */
  | 'usage';

/** What HTTP answers with. */
export const httpStatuses: Readonly<Record<ErrorCode, number>> = {
  unavailable: 503,
  fenced: 503,
  rejected: 422,
  document: 422,
  definition: 500,
  plan: 422,
  'not-found': 404,
  unauthenticated: 401,
  forbidden: 403,
  state: 409,
  locked: 409,
  store: 500,
  config: 500,
  usage: 400,
};

/** A code that came over the wire, when it is one of ours. */
export function toErrorCode(code: string | undefined): ErrorCode | undefined {
  return code !== undefined && Object.hasOwn(httpStatuses, code) ? (code as ErrorCode) : undefined;
}

export type ErrorOptions = { cause?: unknown };

/** Every error that millrace raises on purpose. */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** What a person reads of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Try again with backoff; nothing is known to have happened. */
export class TransientError extends MillraceError {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', message, options);
  }
}

/** Another owner appended to this partition: drop it, touch nothing. */
export class FencedError extends MillraceError {
  constructor(message: string, options?: ErrorOptions) {
    super('fenced', message, options);
  }
}

/** The message is at fault: set it aside with this reason and go on. */
export class PermanentError extends MillraceError {
  constructor(message: string, options?: ErrorOptions) {
    super('rejected', message, options);
  }
}

/** The write's document at `index` cannot be stored; those before it are committed. */
export class DocumentError extends MillraceError {
  readonly index: number;
  constructor(index: number, message: string, options?: ErrorOptions) {
    super('document', message, options);
    this.index = index;
  }
}
