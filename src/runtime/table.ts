/**
 * A persistent map for what a group holds: a change gives a new version and leaves the old one as it
 * was. The newest version holds the rows, an older one knows what to undo (Baker's rerooting), so that
 * a change costs the same in a group of one actor and of a thousand.
 */

type Undo<Row extends object> = { newer: Table<Row>; key: string; row: Row | undefined };

const noRows = new Map<string, never>();

export class Table<Row extends object> {
  #rows: Map<string, Row> | undefined;
  #undo: Undo<Row> | undefined;

  constructor(rows?: Iterable<readonly [string, Row]>) {
    if (rows !== undefined) this.#rows = new Map(rows);
  }

  get size(): number {
    return this.#current().size;
  }

  has(key: string): boolean {
    return this.#current().has(key);
  }

  get(key: string): Row | undefined {
    return this.#current().get(key);
  }

  keys(): IterableIterator<string> {
    return this.#current().keys();
  }

  /** Not to be kept over a change: it walks the newest version's rows. */
  values(): IterableIterator<Row> {
    return this.#current().values();
  }

  [Symbol.iterator](): IterableIterator<[string, Row]> {
    return this.#current()[Symbol.iterator]();
  }

  /** A version with the row in its place. */
  with(key: string, row: Row): Table<Row> {
    return this.#change(key, row);
  }

  /** A version without the row; the same one when it is not there. */
  without(key: string): Table<Row> {
    return this.has(key) ? this.#change(key, undefined) : this;
  }

  #change(key: string, row: Row | undefined): Table<Row> {
    const isBlank = this.#isBlank();
    const rows = isBlank ? new Map<string, Row>() : (this.#rows ?? Table.#reroot(this));
    const before = put(rows, key, row);
    const newer = new Table<Row>();
    newer.#rows = rows;
    if (isBlank) return newer;
    this.#rows = undefined;
    this.#undo = { newer, key, row: before };
    return newer;
  }

  /** One that never held anything may be shared by many: it has no rows to hand on. */
  #isBlank(): boolean {
    return this.#rows === undefined && this.#undo === undefined;
  }

  #current(): ReadonlyMap<string, Row> {
    return this.#rows ?? (this.#isBlank() ? noRows : Table.#reroot(this));
  }

  /** Makes an older version the one that holds the rows: they are changed back, step by step. */
  static #reroot<Row extends object>(asked: Table<Row>): Map<string, Row> {
    const path: { older: Table<Row>; undo: Undo<Row> }[] = [];
    let newest = asked;
    for (let undo = asked.#undo; undo !== undefined; undo = newest.#undo) {
      path.push({ older: newest, undo });
      newest = undo.newer;
    }
    const rows = newest.#rows ?? new Map<string, Row>();
    for (const { older, undo } of path.reverse()) {
      const { newer, key, row } = undo;
      newer.#rows = undefined;
      newer.#undo = { newer: older, key, row: put(rows, key, row) };
      older.#rows = rows;
      older.#undo = undefined;
    }
    return rows;
  }
}

/** Returns what was there before. */
function put<Row>(rows: Map<string, Row>, key: string, row: Row | undefined): Row | undefined {
  const before = rows.get(key);
  if (row === undefined) rows.delete(key);
  else rows.set(key, row);
  return before;
}
