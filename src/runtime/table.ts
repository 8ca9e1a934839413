/**
 * A persistent map for what a group holds: a change gives a new version and leaves the old one as it
 * was. Rows lie in about √n buckets of about √n, so that a change copies little in a group of one actor
 * and of a thousand. No version refers to another: an old one that led to the next would keep alive
 * all that has come after it until the collector gets to old objects.
 */

/** A key and its row have the same index. */
type Bucket<Row> = { readonly keys: readonly string[]; readonly rows: readonly Row[] };

type Buckets<Row> = readonly Bucket<Row>[];

const emptyBucket: Bucket<never> = { keys: [], rows: [] };
const noBuckets: Buckets<never> = [emptyBucket];

/** More rows than this are at home in more buckets. */
const mostRows = (buckets: number): number => buckets * (2 * buckets + 6);

export class Table<Row extends object> {
  #size = 0;
  #buckets: Buckets<Row> = noBuckets;

  constructor(rows?: Iterable<readonly [string, Row]>) {
    if (rows === undefined) return;
    const { size, buckets } = spread(new Map(rows));
    this.#size = size;
    this.#buckets = buckets;
  }

  get size(): number {
    return this.#size;
  }

  has(key: string): boolean {
    return this.#bucket(key).keys.includes(key);
  }

  get(key: string): Row | undefined {
    const { keys, rows } = this.#bucket(key);
    return rows[keys.indexOf(key)];
  }

  /** In no order that can be relied on, as the rows themselves: see `sorted`. */
  *keys(): Generator<string> {
    for (const { keys } of this.#buckets) yield* keys;
  }

  *values(): Generator<Row> {
    for (const { rows } of this.#buckets) yield* rows;
  }

  some(isSought: (row: Row) => boolean): boolean {
    for (const { rows } of this.#buckets) if (rows.some(isSought)) return true;
    return false;
  }

  /** By key: the same rows are always in the same order, however they came about. */
  sorted(): [string, Row][] {
    return [...this].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  *[Symbol.iterator](): Generator<[string, Row]> {
    for (const { keys, rows } of this.#buckets) {
      for (const [index, row] of rows.entries()) yield [keys[index] ?? '', row];
    }
  }

  /** A version with the row in its place. */
  with(key: string, row: Row): Table<Row> {
    const { keys, rows } = this.#bucket(key);
    const index = keys.indexOf(key);
    if (index >= 0) return this.#changed(key, { keys, rows: replaced(rows, index, row) }, 0);
    return this.#changed(key, { keys: [...keys, key], rows: [...rows, row] }, 1);
  }

  /** A version without the row; the same one when it is not there. */
  without(key: string): Table<Row> {
    const { keys, rows } = this.#bucket(key);
    const index = keys.indexOf(key);
    if (index < 0) return this;
    return this.#changed(key, { keys: omitted(keys, index), rows: omitted(rows, index) }, -1);
  }

  /** A version with the rows that are to be kept; the same one when all are. */
  filter(isKept: (row: Row) => boolean): Table<Row> {
    if (this.#size === 0) return this;
    const dropped: string[] = [];
    for (const { keys, rows } of this.#buckets) {
      rows.forEach((row, index) => {
        if (!isKept(row)) dropped.push(keys[index] ?? '');
      });
    }
    return dropped.reduce<Table<Row>>((left, key) => left.without(key), this);
  }

  #bucket(key: string): Bucket<Row> {
    return this.#buckets[placeOf(key, this.#buckets.length)] ?? emptyBucket;
  }

  #changed(key: string, bucket: Bucket<Row>, by: number): Table<Row> {
    const changed = new Table<Row>();
    const { length } = this.#buckets;
    changed.#size = this.#size + by;
    changed.#buckets =
      length === 1 ? [bucket] : replaced(this.#buckets, placeOf(key, length), bucket);
    return changed.#size > mostRows(length) ? new Table(changed) : changed;
  }
}

/** Rows in as many buckets as suit them. */
function spread<Row>(rows: ReadonlyMap<string, Row>): { size: number; buckets: Buckets<Row> } {
  let count = 1;
  while (rows.size > mostRows(count)) count *= 4;
  const buckets = Array.from({ length: count }, () => ({
    keys: [] as string[],
    rows: [] as Row[],
  }));
  for (const [key, row] of rows) {
    const bucket = buckets[placeOf(key, count)];
    bucket?.keys.push(key);
    bucket?.rows.push(row);
  }
  return { size: rows.size, buckets };
}

/** FNV-1a; `buckets` is a power of two. */
function placeOf(key: string, buckets: number): number {
  if (buckets === 1) return 0;
  let hash = 0x811c9dc5;
  for (let n = 0; n < key.length; n += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(n), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (buckets - 1);
}

function replaced<T>(items: readonly T[], index: number, item: T): T[] {
  const copy = items.slice();
  copy[index] = item;
  return copy;
}

function omitted<T>(items: readonly T[], index: number): T[] {
  const left = items.slice();
  left.splice(index, 1);
  return left;
}
