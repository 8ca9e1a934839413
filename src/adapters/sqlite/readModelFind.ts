/**
 * Finds requests: one condition drives, by the index that holds it in the order of the answer, and the
 * others are looked at in that index. Which one drives is counted, up to a bound.
 */
import { wordOf } from '../../ports/findWords.ts';
import type { RequestFilter } from '../../ports/readmodels.ts';
import type { Connection, Value } from './connection.ts';
import { requestColumns, spans } from './readModelRows.ts';
import type { RequestRow } from './readModelRows.ts';

/** SQL with `?` for each value. */
type Part = { sql: string; values: readonly Value[] };

/** One condition, and the index that is walked for it. */
export type Driver = {
  index: string;
  /** What follows FROM. */
  from: string;
  condition: Part;
};

/** Entries of an index that are counted: any number above is many. */
const mostCounted = 10_000;

/** `underWayAt`: created at that time or before, and not finished then. */
type Bounds = { after?: number; until?: number; underWayAt?: number };

/** One walk: what must hold, and how many rows are wanted. */
export type Walk = { filter: RequestFilter; bounds: Bounds; limit: number };

export function findRequests(connection: Connection, filter: RequestFilter): RequestRow[] {
  const { offset = 0, limit = Infinity } = filter;
  const rows: RequestRow[] = [];
  for (const bounds of walksOf(filter)) {
    const wanted = offset + limit - rows.length;
    if (wanted > 0) rows.push(...walked(connection, { filter, bounds, limit: wanted }));
  }
  return rows.slice(offset);
}

/** What was created after `since` has not finished before; what was under way then is for a second walk. */
export function walksOf({ since, until }: RequestFilter): Bounds[] {
  const both = until === undefined ? {} : { until };
  if (since === undefined) return [both];
  return [
    { ...both, after: since },
    { ...both, underWayAt: since },
  ];
}

function walked(connection: Connection, walk: Walk): RequestRow[] {
  const [first, ...others] = driversOf(walk);
  if (first === undefined) return [];
  let least = { driver: first, count: mostCounted };
  for (const driver of others.length === 0 ? [] : [first, ...others]) {
    const { sql, values } = countOf(driver, least.count);
    const count = connection.query<[number]>(sql)(...values)[0]?.[0] ?? 0;
    if (count < least.count) least = { driver, count };
  }
  const { sql, values } = statementOf(least.driver, walk);
  return connection.query<RequestRow>(sql)(...values);
}

/** Everything that may drive a walk, that whose index knows most of the others first. */
export function driversOf({ filter, bounds }: Walk): Driver[] {
  const { type, user, states } = filter;
  const drivers = [
    ...(type === undefined ? [] : [by('requests_type', 'type = ?', type)]),
    ...(user === undefined ? [] : [by('requests_user', 'user = ?', user)]),
    ...(states === undefined
      ? []
      : [by('requests_state', `state IN (${marks(states)})`, ...states)]),
    ...wordsIn(filter).map((word): Driver => ({
      index: 'words',
      from: 'words CROSS JOIN requests ON n = words.request',
      condition: { sql: 'word = ?', values: [word] },
    })),
    ...(bounds.underWayAt === undefined ? [] : [underWay(bounds.underWayAt)]),
  ];
  return drivers.length > 0 ? drivers : [by('requests_created', 'true')];
}

function by(index: string, sql: string, ...values: Value[]): Driver {
  return { index, from: `requests INDEXED BY ${index}`, condition: { sql, values } };
}

/** Of requests that last so long at most, those that were created so long before at most. */
function underWay(at: number): Driver {
  const firsts = spans.map((most) => Math.max(at - most, -1));
  return {
    index: 'requests_span',
    from: '(SELECT key AS many, value AS first FROM json_each(?)) CROSS JOIN requests INDEXED BY requests_span',
    condition: {
      sql: 'span = many AND requests.created > first AND requests.created <= ?',
      values: [JSON.stringify(firsts), at],
    },
  };
}

function countOf({ from, index, condition }: Driver, most: number): Part {
  const table = index === 'words' ? 'words' : from;
  return {
    sql: `SELECT count(*) FROM (SELECT 1 FROM ${table} WHERE ${condition.sql} LIMIT ${most})`,
    values: condition.values,
  };
}

/** The rows of a walk, in the order of the answer. */
export function statementOf(driver: Driver, { filter, bounds, limit }: Walk): Part {
  const { states = [] } = filter;
  // Each state by itself is in order in the index; the walks are merged.
  if (driver.index === 'requests_state' && states.length > 1) {
    const each = states.map((state) => {
      const one = { filter: { ...filter, states: [state] }, bounds, limit };
      return selectOf(by('requests_state', 'state = ?', state), one);
    });
    return {
      sql: `${each.map(({ sql }) => sql).join(' UNION ALL ')} ORDER BY created DESC, id LIMIT ?`,
      values: [...each.flatMap(({ values }) => values), rowsOf(limit)],
    };
  }
  const { sql, values } = selectOf(driver, { filter, bounds, limit });
  const created = driver.index === 'words' ? 'words.created' : 'requests.created';
  return {
    sql: `${sql} ORDER BY ${created} DESC, id LIMIT ?`,
    values: [...values, rowsOf(limit)],
  };
}

/** SQLite reads -1 as no limit. */
function rowsOf(limit: number): number {
  return limit === Infinity ? -1 : limit;
}

const columns = requestColumns
  .split(', ')
  .map((name) => `requests.${name}`)
  .join(', ');

/** The driving condition comes twice, which costs nothing. */
function selectOf({ from, index, condition }: Driver, { filter, bounds }: Walk): Part {
  const created = index === 'words' ? 'words.created' : 'requests.created';
  const { type, user, states } = filter;
  const conditions = [
    condition,
    ...given('type = ?', type),
    ...given('user = ?', user),
    ...(states === undefined ? [] : [{ sql: `state IN (${marks(states)})`, values: states }]),
    ...wordsIn(filter).map((word) => ({
      sql: 'EXISTS (SELECT 1 FROM words AS w WHERE w.word = ? AND w.created = requests.created AND w.request = n)',
      values: [word],
    })),
    ...given(`${created} > ?`, bounds.after),
    ...given(`${created} < ?`, bounds.until),
    ...given(`${created} <= ?`, bounds.underWayAt),
    ...given('(finished IS NULL OR finished > ?)', bounds.underWayAt),
  ];
  return {
    sql: `SELECT ${columns} FROM ${from} WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`,
    values: conditions.flatMap(({ values }) => values),
  };
}

function given(sql: string, value: Value | undefined): Part[] {
  return value === undefined ? [] : [{ sql, values: [value] }];
}

function wordsIn({ args = {}, labels = {} }: RequestFilter): string[] {
  return [
    ...Object.entries(args).map((pair) => wordOf('arg', pair)),
    ...Object.entries(labels).map((pair) => wordOf('label', pair)),
  ];
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
