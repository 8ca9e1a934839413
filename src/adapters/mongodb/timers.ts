/** The index of timers in MongoDB: found by when they are due, named by what set them. */
import type { TimerRow, Timers } from '../../ports/timers.ts';
import { insertOnce, removeAll } from './bulk.ts';
import type { TimerDocument } from './collections.ts';
import { soon } from './connection.ts';
import type { Part } from './journal.ts';

/** `due` is absent where the row is to go. */
type Change = { _id: string; row?: TimerDocument };

/** Opens the timers of a store. */
export function mongoTimers({ connection, collections, queue }: Part): Timers {
  const target = { connection, collection: 'timers' } as const;
  const changes = queue.table<Change>({
    phase: 1,
    // A row that is there is left alone.
    merge: (waiting, next) => (waiting.row && next.row ? waiting : next),
    async write(list) {
      const gone = list.filter(({ row }) => row === undefined).map(({ _id }) => _id);
      const [refused] = await Promise.all([
        insertOnce(
          target,
          list.flatMap(({ row }) => row ?? []),
        ),
        // A row that comes back is deleted when it fires.
        removeAll({ ...target, concern: soon }, gone),
      ]);
      return refused;
    },
  });

  return {
    put: (rows) =>
      changes.add(
        rows.map((row) => {
          const _id = idOf(row);
          return [_id, { _id, row: { _id, partition: row.partition, due: row.due } }];
        }),
      ),
    remove: (rows) => changes.add(rows.map((row) => [idOf(row), { _id: idOf(row) }])),
    async due(partition, until) {
      await changes.settle();
      const found = await connection.run(`read the timers of partition ${partition}`, () =>
        collections.timers
          .find({ partition, due: { $lt: until } })
          .sort({ partition: 1, due: 1 })
          .toArray(),
      );
      return found.map(toTimer).sort(byPlace);
    },
  };
}

function idOf({ group, seq, n }: TimerRow): string {
  return `${group}/${seq}/${n}`;
}

function toTimer({ _id, partition, due }: TimerDocument): TimerRow {
  const parts = _id.split('/');
  const [seq, n] = parts.splice(-2).map(Number);
  return { partition, group: parts.join('/'), seq: seq ?? 0, n: n ?? 0, due };
}

function byPlace(one: TimerRow, other: TimerRow): number {
  if (one.due !== other.due) return one.due - other.due;
  if (one.group !== other.group) return one.group < other.group ? -1 : 1;
  return one.seq - other.seq || one.n - other.n;
}
