/** The index of timers in SQLite: found by when they are due, named by what set them. */
import type { TimerRow, Timers } from '../../ports/timers.ts';
import type { CommitQueue } from './commit.ts';
import type { Connection } from './connection.ts';

type Row = [partition: number, group: string, seq: number, n: number, due: number];

/** Opens the timers of a store. */
export function sqliteTimers(connection: Connection, queue: CommitQueue): Timers {
  const insert = connection.write(
    'INSERT OR IGNORE INTO timers (partition, grp, seq, n, due) VALUES (?, ?, ?, ?, ?)',
  );
  const remove = connection.write('DELETE FROM timers WHERE grp = ? AND seq = ? AND n = ?');
  const due = connection.query<Row>(
    'SELECT partition, grp, seq, n, due FROM timers WHERE partition = ? AND due < ? ORDER BY due, grp, seq, n',
  );

  return {
    put(timers) {
      const rows = timers.map(({ partition, group, seq, n, due: at }): Row => [
        partition,
        group,
        seq,
        n,
        at,
      ]);
      return queue.later('timers', () => rows.forEach((row) => insert(...row)));
    },
    remove(timers) {
      const ids = timers.map(({ group, seq, n }): [string, number, number] => [group, seq, n]);
      return queue.later('timers', () => ids.forEach((id) => remove(...id)));
    },
    async due(partition, until) {
      queue.settle('timers');
      return due(partition, until).map(toTimer);
    },
  };
}

function toTimer([partition, group, seq, n, due]: Row): TimerRow {
  return { partition, group, seq, n, due };
}
