/**
 * What an error of the driver or the server means, in one table: where the runtime tries again, refuses one
 * document, or has met a document that is there already. What the table does not name may pass: it is tried again.
 */
import { MongoBulkWriteError, MongoError, MongoServerError } from 'mongodb';
import { messageOf, MillraceError, TransientError } from '../../protocol/errors.ts';

/**
 * `duplicate`: a document with this key is there. `document`: this one document can never be stored.
 * `refused`: nothing will do until a person has changed something. `transient`: the same call may succeed later.
 */
export type Meaning = 'duplicate' | 'document' | 'refused' | 'transient';

type Row = { meaning: Meaning; codes?: readonly (number | string)[]; remedy?: string };

/** Codes of the server are numbers; names are classes of the driver, or codes of Node's. */
const table: readonly Row[] = [
  // DuplicateKey, and its forms of old.
  { meaning: 'duplicate', codes: [11000, 11001, 12582] },
  {
    meaning: 'document',
    codes: [
      // BadValue, FailedToParse, TypeMismatch, InvalidBSON, DollarPrefixedFieldName, InvalidIdField, DottedFieldName.
      ...[2, 9, 14, 22, 52, 53, 57],
      // DocumentValidationFailure, BSONObjectTooLarge, KeyTooLong.
      ...[121, 10334, 17280],
      // The driver cannot make BSON of it.
      ...['BSONError', 'BSONVersionError', 'BSONOffsetError', 'ERR_OUT_OF_RANGE'],
    ],
  },
  // Unauthorized, AuthenticationFailed.
  {
    meaning: 'refused',
    codes: [13, 18, 8000],
    remedy:
      'check user, password and authSource in MILLRACE_MONGODB_URL, and that the user has the role readWrite',
  },
  // IndexOptionsConflict, IndexKeySpecsConflict.
  {
    meaning: 'refused',
    codes: [85, 86],
    remedy: 'drop the index of that name; millrace makes its own at the next start',
  },
  // CommandNotFound, Unsupported.
  { meaning: 'refused', codes: [59, 238], remedy: 'use MongoDB 4.2 or newer' },
  // NotWritablePrimary, PrimarySteppedDown, InterruptedDueToReplStateChange and others while a primary is elected.
  {
    meaning: 'transient',
    codes: [91, 189, 10058, 10107, 11600, 11602, 13435, 13436],
    remedy: 'a primary is being elected',
  },
  // WriteConcernTimeout, UnsatisfiableWriteConcern, of a majority that is not there.
  {
    meaning: 'transient',
    codes: [64, 100],
    remedy: 'check that most members of the replica set are up',
  },
  // OutOfDiskSpace.
  { meaning: 'transient', codes: [14031], remedy: 'free some space on the server' },
  {
    meaning: 'transient',
    codes: [
      ...['MongoServerSelectionError', 'MongoNetworkError', 'MongoNetworkTimeoutError'],
      ...['MongoPoolClearedError', 'MongoPoolClosedError', 'MongoWaitQueueTimeoutError'],
      ...['MongoTopologyClosedError', 'MongoNotConnectedError', 'MongoClientClosedError'],
    ],
    remedy: 'check that the server runs and can be reached from here',
  },
];

const unknown: Row = { meaning: 'transient' };

const rows = new Map(table.flatMap((row) => (row.codes ?? []).map((code) => [code, row] as const)));

/** What an error means; of a bulk write, what its first failed document does. */
export function meaningOf(error: unknown): Meaning {
  return rowOf(error).meaning;
}

function rowOf(error: unknown): Row {
  if (!(error instanceof Error)) return unknown;
  for (const key of [codeOf(error), error.name]) {
    const row = key === undefined ? undefined : rows.get(key);
    if (row !== undefined) return row;
  }
  return unknown;
}

function codeOf(error: Error): number | string | undefined {
  if (error instanceof MongoServerError)
    return typeof error.code === 'number' ? error.code : undefined;
  // Of Node: `ERR_OUT_OF_RANGE` where a document does not fit the driver's buffer.
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** NamespaceNotFound: nothing has been written to this collection yet. */
export function isNoCollection(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === 26;
}

/** What one document of a bulk write met. */
export type Fault = { index: number; meaning: Meaning; reason: string; cause: unknown };

/**
 * The documents of a bulk write that failed, in order; undefined when the error is about the whole write, or
 * when it is also unknown whether the others are durable.
 */
export function faultsOf(error: unknown): Fault[] | undefined {
  if (!(error instanceof MongoBulkWriteError)) return undefined;
  if (error.result.getWriteConcernError() !== undefined) return undefined;
  const faults = error.result.getWriteErrors().map((fault) => ({
    index: fault.index,
    meaning: rows.get(fault.code)?.meaning ?? unknown.meaning,
    reason: fault.errmsg ?? `code ${fault.code}`,
    cause: error,
  }));
  return faults.length > 0 ? faults.sort((one, other) => one.index - other.index) : undefined;
}

/** Whether the driver or the server raised it, and not our own code. */
function isOfDriver(error: unknown): error is Error {
  return error instanceof MongoError || (error instanceof Error && rowOf(error) !== unknown);
}

/** The error that the runtime knows, for what failed at `where`; credentials of a URL in it are masked. */
export function toMillraceError(error: unknown, what: string, where: string): unknown {
  if (error instanceof MillraceError || !isOfDriver(error)) return error;
  const { meaning, remedy } = rowOf(error);
  const reason = `Cannot ${what} in MongoDB at ${where}: ${masked(messageOf(error))}`;
  if (meaning === 'refused' || meaning === 'document') {
    return new MillraceError('store', `${reason}${remedy === undefined ? '' : `; ${remedy}`}.`, {
      cause: withoutSecrets(error),
    });
  }
  return new TransientError(
    `${reason}; ${remedy ?? 'look at the server’s log if it lasts'}. It is tried again.`,
    { cause: withoutSecrets(error) },
  );
}

/** A text with user and password of every URL in it left out. */
export function masked(text: string): string {
  return text.replace(/(\w+:\/\/)[^\s/]*@/g, '$1***@');
}

/** A cause that a logger may print whole. */
function withoutSecrets(error: Error): Error {
  if (masked(error.message) === error.message) return error;
  return new Error(masked(error.message));
}
