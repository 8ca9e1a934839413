/** Writing the rows of requests: most entries change nothing that an index holds, and then none is touched. */
import { wordsOf } from '../../ports/findWords.ts';
import type { RequestDocument } from '../../ports/readmodels.ts';
import type { Connection } from './connection.ts';
import * as rows from './readModelRows.ts';

/** Stores a request where its seq is not lower; answers with the number of its row. */
export type PutRequest = (request: RequestDocument) => number;

export function prepareRequests(connection: Connection): PutRequest {
  // Args, labels and user come with the jobs, of which there are none before.
  const pass = connection.query<[number]>(`
    UPDATE requests SET seq = ?1, parked = ?2, kept = ?3, counts = ?4, resumption = ?5, started = ?6, updated = ?7
    WHERE id = ?8 AND seq <= ?1 AND type = ?9 AND state = ?10 AND total = ?11 AND finished IS ?12 RETURNING n`);
  const put = connection.query<[number]>(
    `${upsert(1, { table: 'requests', columns: rows.requestColumns, key: ['id'] })} RETURNING n`,
  );
  const numberOf = connection.query<[number]>('SELECT n FROM requests WHERE id = ?');
  const putWord = connection.write(
    'INSERT OR IGNORE INTO words (word, created, request) VALUES (?, ?, ?)',
  );
  return (request) => {
    const { id, seq, type, state, total, kept, resumption, createdAt, updatedAt } = request;
    const { parked, counts, startedAt = null, finishedAt = null } = request;
    const [passed] = pass(
      ...[seq, rows.printable(parked), kept, JSON.stringify(counts), resumption],
      ...[startedAt, updatedAt, id, type, state, total, finishedAt],
    );
    if (passed !== undefined) return passed[0];
    const [row] = put(...rows.toRequestRow(request));
    if (row === undefined) return numberOf(id)[0]?.[0] ?? 0;
    for (const word of wordsOf(request.args, request.labels)) putWord(word, createdAt, row[0]);
    return row[0];
  };
}

export type Upsert = {
  table: string;
  /** With commas between them. */
  columns: string;
  key: readonly string[];
  /** What is stored for a column, of its parameter such as `?2`; default the parameter. */
  stored?(column: string, parameter: string): string;
};

/** An insert of so many rows, each of which replaces one whose seq is not higher. */
export function upsert(rowsAtOnce: number, { table, columns, key, stored }: Upsert): string {
  const names = columns.split(', ');
  const rowOf = (row: number): string => {
    const parameters = names.map((_, column) => `?${row * names.length + column + 1}`);
    const values = parameters.map((each, at) => stored?.(names[at] ?? '', each) ?? each);
    return `(${values.join(', ')})`;
  };
  const changes = names.filter((name) => !key.includes(name));
  return `INSERT INTO ${table} (${columns})
    VALUES ${Array.from({ length: rowsAtOnce }, (_, row) => rowOf(row)).join(', ')}
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changes.map((name) => `${name} = excluded.${name}`).join(', ')}
    WHERE excluded.seq >= seq`;
}
