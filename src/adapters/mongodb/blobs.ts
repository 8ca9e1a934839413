/** Blobs in MongoDB: the bytes of a text, cut into pieces, as a document may have 16 MB. */
import { Binary } from 'mongodb';
import { MillraceError } from '../../protocol/errors.ts';
import type { Blobs } from '../../ports/blobs.ts';
import { insertOnce } from './bulk.ts';
import type { BlobDocument } from './collections.ts';
import type { Part } from './journal.ts';
import type { Lazy } from './writes.ts';

const pieceBytes = 4 * 1024 * 1024;
const pieceDigits = 6;

type Text = { hash: string; text: string };

/** Opens the blobs of a store; `lazy` is what waits of them. */
export function mongoBlobs({ connection, collections, queue }: Part): Blobs & { lazy: Lazy<Text> } {
  const lazy = queue.table<Text>({
    phase: 0,
    merge: (waiting) => waiting,
    write: (texts) =>
      insertOnce(
        { connection, collection: 'blobs' },
        texts.flatMap(({ hash, text }) => piecesOf(hash, text)),
      ),
  });

  return {
    lazy,
    put: (texts) => lazy.add([...texts].map(([hash, text]) => [hash, { hash, text }])),
    async get(hash) {
      await lazy.settle();
      const pieces = await connection.run(`read blob ${hash}`, () =>
        collections.blobs
          .find({ _id: { $gte: `${hash}/`, $lt: `${hash}0` } })
          .sort({ _id: 1 })
          .toArray(),
      );
      if (pieces.length === 0 || pieces.length < (pieces[0]?.pieces ?? 0)) {
        throw new MillraceError(
          'store',
          `Blob ${hash} is missing in MongoDB at ${connection.name}; restore the store from a copy that holds it.`,
        );
      }
      return Buffer.concat(pieces.map(({ bytes }) => bytes.value())).toString();
    },
  };
}

function piecesOf(hash: string, text: string): BlobDocument[] {
  const bytes = Buffer.from(text);
  // An empty text has one empty piece.
  const pieces = Math.max(1, Math.ceil(bytes.length / pieceBytes));
  return Array.from({ length: pieces }, (_, piece) => ({
    _id: `${hash}/${String(piece).padStart(pieceDigits, '0')}`,
    pieces,
    bytes: new Binary(bytes.subarray(piece * pieceBytes, (piece + 1) * pieceBytes)),
  }));
}
