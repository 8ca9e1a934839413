/** What a deployment agrees on, in SQLite: rows of the table `meta`, which stores of every version have. */
import type { Deployment } from '../../ports/deployment.ts';
import type { CommitQueue } from './commit.ts';
import type { Connection } from './connection.ts';

const key = 'epoch';

/** Opens the deployment of a store. */
export function sqliteDeployment(connection: Connection, queue: CommitQueue): Deployment {
  const select = connection.query<[string]>('SELECT value FROM meta WHERE key = ?');
  const insert = connection.write('INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)');
  const change = connection.write('UPDATE meta SET value = ? WHERE key = ? AND value = ?');

  return {
    async epoch() {
      queue.settle('deployment');
      return select(key)[0]?.[0];
    },
    async changeEpoch(expected, next) {
      let changed = 0;
      await queue.later('deployment', () => {
        changed = expected === undefined ? insert(key, next) : change(next, key, expected);
      });
      queue.settle('deployment');
      return changed === 1;
    },
  };
}
