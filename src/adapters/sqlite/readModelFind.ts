/** A filter of requests as SQL. */
import type { RequestFilter } from '../../ports/readmodels.ts';
import type { Value } from './connection.ts';

type Condition = { sql: string; values: readonly Value[] };

/** Text of a JSON value as a person writes it: SQLite reads true and false as numbers. */
const textOfValue =
  "CASE each.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(each.value AS TEXT) END";

/** What follows `FROM requests`, and its values. */
export function findClause(filter: RequestFilter): Condition {
  const {
    type,
    user,
    states,
    args = {},
    labels = {},
    since,
    until,
    limit = -1,
    offset = 0,
  } = filter;
  const conditions = [
    ...given('type = ?', type),
    ...given('user = ?', user),
    ...(states === undefined ? [] : [among('state', states)]),
    ...Object.entries(args).map((pair) => holds('args', pair)),
    ...Object.entries(labels).map((pair) => holds('labels', pair)),
    ...given('(finished IS NULL OR finished > ?)', since),
    ...given('created < ?', until),
  ];
  const where = conditions.map(({ sql }) => sql).join(' AND ');
  return {
    sql: `${where === '' ? '' : `WHERE ${where}`} ORDER BY created DESC, id LIMIT ? OFFSET ?`,
    values: [...conditions.flatMap(({ values }) => values), limit, offset],
  };
}

function given(sql: string, value: Value | undefined): Condition[] {
  return value === undefined ? [] : [{ sql, values: [value] }];
}

function among(column: string, values: readonly string[]): Condition {
  return { sql: `${column} IN (${values.map(() => '?').join(', ')})`, values };
}

function holds(column: string, [name, value]: [string, string]): Condition {
  const sql = `EXISTS (SELECT 1 FROM json_each(requests.${column}) AS each WHERE each.key = ? AND ${textOfValue} = ?)`;
  return { sql, values: [name, value] };
}
