/** Hosts in SQLite: rows of the table `meta`, which stores of every version have. */
import type { HostDocument, Hosts } from '../../ports/hosts.ts';
import type { CommitQueue } from './commit.ts';
import type { Connection } from './connection.ts';

const prefix = 'host/';
/** The character after the slash: the end of the range of keys. */
const end = 'host0';

/** Opens the hosts of a store. */
export function sqliteHosts(connection: Connection, queue: CommitQueue): Hosts {
  const upsert = connection.write(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  const remove = connection.write('DELETE FROM meta WHERE key = ?');
  const all = connection.query<[string]>(
    'SELECT value FROM meta WHERE key > ? AND key < ? ORDER BY key',
  );

  return {
    put(document) {
      const text = JSON.stringify(document);
      return queue.later('hosts', () => void upsert(prefix + document.id, text));
    },
    async all() {
      queue.settle('hosts');
      return all(prefix, end).map(([text]) => toHost(text));
    },
    remove: (id) => queue.later('hosts', () => void remove(prefix + id)),
  };
}

/** A cast: this file alone writes these rows. */
function toHost(text: string): HostDocument {
  return JSON.parse(text) as HostDocument;
}
