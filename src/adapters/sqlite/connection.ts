/**
 * One connection to a SQLite file through libsql. Values always travel as one array: libsql takes a lone
 * Buffer for named parameters, and aborts the process on a boolean. Rows come back as arrays.
 */
import Database from 'libsql';

export type Value = string | number | null | Buffer;

export type Connection = {
  readonly path: string;
  readonly inTransaction: boolean;
  exec(sql: string): void;
  /** Prepares a write, which returns how many rows it changed. */
  write(sql: string): (...values: readonly Value[]) => number;
  /** Prepares a query; `Row` is what its columns are by the schema's STRICT tables. */
  query<Row extends readonly unknown[]>(sql: string): (...values: readonly Value[]) => Row[];
  /** The number that a pragma answers. */
  pragma(text: string): number;
  close(): void;
};

/** Opens the file, creating it if need be; `readonly` refuses every write. */
export function connect(path: string, readonly = false): Connection {
  const db = new Database(path);
  if (readonly) db.exec('PRAGMA query_only = 1');
  const query = <Row extends readonly unknown[]>(sql: string) => {
    const statement = db.prepare(sql).raw();
    return (...values: readonly Value[]) => trusted<Row>(statement.all(values));
  };
  return {
    path,
    get inTransaction() {
      return db.inTransaction;
    },
    exec: (sql) => void db.exec(sql),
    write: (sql) => {
      const statement = db.prepare(sql);
      return (...values) => statement.run(values).changes;
    },
    query,
    pragma: (text) => query<[number]>(`PRAGMA ${text}`)()[0]?.[0] ?? 0,
    close: () => void db.close(),
  };
}

/** What SQLite says of an error: its name, such as `SQLITE_FULL`, and its codes; absent for any other error. */
export function sqliteFault(
  error: unknown,
): { name: string; code: number; primary: number } | undefined {
  if (!(error instanceof Database.SqliteError)) return undefined;
  const { code: name, rawCode: code = 0 } = error;
  // libsql knows no name for many extended codes; the primary one is in their low byte.
  return { name, code, primary: code & 0xff };
}

/** A cast: the tables are STRICT and only this adapter writes them, so a column's type is known from its query. */
function trusted<Row>(rows: unknown[]): Row[] {
  return rows as Row[];
}
