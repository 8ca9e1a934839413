/** What a store's snapshots take up: their rows and the chunks they name. */
import Database from 'libsql';

/** Bytes of all snapshots and blobs in a store file. */
export function bytesStored(path: string): number {
  const db = new Database(path, {});
  const [row] = db
    .prepare(
      'SELECT (SELECT coalesce(sum(length(state)), 0) FROM snapshots) + (SELECT coalesce(sum(length(bytes)), 0) FROM blobs) AS bytes',
    )
    .all() as { bytes: number }[];
  db.close();
  return row?.bytes ?? NaN;
}
