/** Writes of many documents that two owners may both make: inserted once, or stored where nothing newer is. */
import { BSON, type AnyBulkWriteOperation, type BulkWriteOptions } from 'mongodb';
import { MillraceError, TransientError } from '../../protocol/errors.ts';
import type { Collections } from './collections.ts';
import { durable, type Connection } from './connection.ts';
import type { ReadModelCollections } from './readModelCollections.ts';
import { faultsOf, type Fault } from './errors.ts';

type Stored = { readonly _id: string | number };

export type BulkTarget = {
  connection: Connection;
  collection: keyof Collections | keyof ReadModelCollections;
  /** Default: durable. */
  concern?: BulkWriteOptions;
};

/** Documents of one round trip, so that a slow server answers in time. */
const batchSize = 250;

/** A round trip holds about so many bytes. */
const batchBytes = 16 * 1024 * 1024;

/** What every server takes, and some do not check. */
const maxDocumentBytes = 16 * 1024 * 1024 - 64 * 1024;

/** Documents that others make at the same moment may be in the way so often. */
const triesAtMost = 20;

/** Bytes of a document as BSON. */
export function sizeOf(document: object): number {
  return BSON.calculateObjectSize(document, { ignoreUndefined: true });
}

/** Inserts documents; one that is there is left alone. Resolves with the refusals of those that can never be stored. */
export async function insertOnce(
  target: BulkTarget,
  documents: readonly Stored[],
): Promise<Error[]> {
  const { fitting, refused } = sifted(target, documents);
  for (const batch of batchesOf(fitting)) {
    const operations = batch.map((document) => ({ insertOne: { document } }));
    for (const fault of await write(target, operations)) {
      if (isLasting(fault)) refused.push(refusal(target, batch[fault.index], fault));
    }
  }
  return refused;
}

/** What decides between two versions of a document: the first field that differs, so they come first. */
export type Version = {
  /** Epoch milliseconds by the writer's clock, of two writes never the same: of equals the later is kept. */
  written: number;
};

let lastWritten = 0;

/** The version of what is written now. */
export function writtenNow(): Version {
  lastWritten = Math.max(Date.now(), lastWritten + 1);
  return { written: lastWritten };
}

/**
 * Stores in a field of each document what is higher, what is there or what is given; objects compare by their
 * first field that differs. One atomic step, also where nothing is there. Resolves with the refusals.
 */
export async function putHighest<K extends string>(
  target: BulkTarget,
  field: K,
  documents: readonly (Stored & Readonly<Record<K, object>>)[],
): Promise<Error[]> {
  const { fitting, refused } = sifted(target, documents);
  for (const batch of batchesOf(fitting)) {
    // One document each; of `updateOne` some servers keep a connection until the whole batch is done.
    const operations = batch.map(({ _id, [field]: value }) => ({
      updateMany: { filter: { _id }, update: { $max: { [field]: value } }, upsert: true },
    }));
    for (const fault of await writeAll(target, operations))
      refused.push(refusal(target, batch[fault.index], fault));
  }
  return refused;
}

/** Until no document is in the way of another's: two that make the same one at once may be told so. */
async function writeAll(target: BulkTarget, operations: readonly object[]): Promise<Fault[]> {
  for (let tries = 1; ; tries += 1) {
    const faults = await write(target, operations);
    if (faults.every(isLasting)) return faults;
    if (tries >= triesAtMost) throw new TransientError(`${target.collection} is contended.`);
  }
}

/** A document that is too large for any server is refused before the others are sent. */
function sifted<T extends Stored>(
  target: BulkTarget,
  documents: readonly T[],
): { fitting: T[]; refused: Error[] } {
  const isFitting = (document: T): boolean => sizeOf(document) <= maxDocumentBytes;
  const reason = `a document may have ${maxDocumentBytes} bytes`;
  return {
    fitting: documents.filter(isFitting),
    refused: documents
      .filter((document) => !isFitting(document))
      .map((document) => refusal(target, document, { reason })),
  };
}

function isLasting({ meaning }: Fault): boolean {
  return meaning === 'document';
}

/** Deletes documents; resolves when those that were there are gone. */
export async function removeAll(target: BulkTarget, ids: readonly string[]): Promise<void> {
  for (let start = 0; start < ids.length; start += batchSize) {
    const some = ids.slice(start, start + batchSize);
    await write(target, [{ deleteMany: { filter: { _id: { $in: some } } } }]);
  }
}

/** One round trip; resolves with what single documents met, rejects with what the whole met. */
async function write(
  { connection, collection, concern = durable }: BulkTarget,
  operations: readonly object[],
): Promise<Fault[]> {
  const written = operations.reduce((bytes, operation) => bytes + sizeOf(operation), 0);
  connection.writing(operations.length, written);
  return connection.run(`write ${operations.length} documents to ${collection}`, async () => {
    try {
      const target = connection.db.collection(collection);
      await target.bulkWrite(driversOwn(operations), { ordered: false, ...concern });
      return [];
    } catch (error) {
      const faults = faultsOf(error);
      if (faults?.some(({ meaning }) => meaning === 'transient' || meaning === 'refused') !== false)
        throw error;
      return faults;
    }
  });
}

/** A cast: the driver's types want to know each document's, which its caller has checked. */
function driversOwn(operations: readonly object[]): AnyBulkWriteOperation[] {
  return operations as AnyBulkWriteOperation[];
}

function* batchesOf<T extends object>(documents: readonly T[]): Generator<T[]> {
  let [batch, bytes]: [T[], number] = [[], 0];
  for (const document of documents) {
    batch.push(document);
    bytes += sizeOf(document);
    if (batch.length < batchSize && bytes < batchBytes) continue;
    yield batch;
    [batch, bytes] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

function refusal(
  { collection, connection }: BulkTarget,
  document: Stored | undefined,
  { reason }: Pick<Fault, 'reason'>,
): Error {
  return new MillraceError(
    'document',
    `${document?._id ?? 'A document'} of ${collection} cannot be stored in MongoDB at ${connection.name}: ${reason}.`,
  );
}
