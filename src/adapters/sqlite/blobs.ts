/** Blobs in SQLite: the bytes of a text, cut into pieces, so that no row is ever huge. */
import { MillraceError } from '../../protocol/errors.ts';
import type { Blobs } from '../../ports/blobs.ts';
import type { CommitQueue } from './commit.ts';
import type { Connection } from './connection.ts';

const pieceBytes = 4 * 1024 * 1024;

/** Opens the blobs of a store. */
export function sqliteBlobs(connection: Connection, queue: CommitQueue): Blobs {
  const exists = connection.query<[number]>('SELECT 1 FROM blobs WHERE hash = ? AND piece = 0');
  const insert = connection.write('INSERT INTO blobs (hash, piece, bytes) VALUES (?, ?, ?)');
  const select = connection.query<[Buffer]>(
    'SELECT bytes FROM blobs WHERE hash = ? ORDER BY piece',
  );

  function write(hash: string, text: string): void {
    if (exists(hash).length > 0) return;
    const bytes = Buffer.from(text);
    // An empty text has one empty piece.
    for (let piece = 0; piece === 0 || piece * pieceBytes < bytes.length; piece += 1) {
      insert(hash, piece, bytes.subarray(piece * pieceBytes, (piece + 1) * pieceBytes));
    }
  }

  return {
    async put(texts) {
      await Promise.all(
        [...texts].map(([hash, text]) =>
          queue.later('blobs', () => write(hash, text), text.length),
        ),
      );
    },
    async get(hash) {
      queue.settle('blobs');
      const pieces = select(hash);
      if (pieces.length === 0) {
        throw new MillraceError(
          'store',
          `Blob ${hash} is missing in ${connection.path}; restore the store from a copy that holds it.`,
        );
      }
      return Buffer.concat(pieces.map(([bytes]) => bytes)).toString();
    },
  };
}
