/** Every query of the API against the index that serves it: SQLite says what it walks, MongoDB has the same. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openReadModelsFile } from '../../src/adapters/sqlite/readModelsFile.ts';
import { driversOf, statementOf, walksOf } from '../../src/adapters/sqlite/readModelFind.ts';
import {
  openSqliteReadModels,
  questions as questionsOf,
} from '../../src/adapters/sqlite/readModels.ts';
import { questions, readModelIndexes } from '../../src/adapters/mongodb/readModelCollections.ts';
import { filterOf } from '../../src/api/filter.ts';
import { routes } from '../../src/api/routes.ts';
import type { RequestDocument, RequestFilter } from '../../src/ports/readmodels.ts';
import { machineState } from '../../src/protocol/states.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const path = join(tempFolder(), 'readmodels.db');
const connection = openReadModelsFile({ path, store: 's' });

/** Values of the parameters of a find, by their names. */
const values: Readonly<Record<string, string>> = {
  type: 'type=deploy',
  user: 'user=ann',
  state: 'state=FAIL',
  arg: 'arg=host%3Dh1',
  since: 'since=2026-01-01T00:00:00Z',
  until: 'until=2026-02-01T00:00:00Z',
};

/** Every set of conditions, with one state and with several. */
const queries = subsets(Object.values(values)).flatMap((set) => {
  const text = set.join('&');
  return text.includes('state=') ? [text, `${text}&state=RUNNING`] : [text];
});

function subsets(list: readonly string[]): string[][] {
  const [first, ...rest] = list;
  if (first === undefined) return [[]];
  const others = subsets(rest);
  return [...others, ...others.map((set) => [first, ...set])];
}

/** As the read models are asked, in the machines' own words. */
function toFilter(query: string): RequestFilter {
  const { states, ...filter } = filterOf(new URLSearchParams(query)) ?? {};
  return { ...filter, ...(states !== undefined && { states: states.map(machineState) }) };
}

/** What SQLite does for each statement that a find may come to. */
function plansOf(filter: RequestFilter): { index: string; plan: string }[] {
  return walksOf(filter).flatMap((bounds) => {
    const walk = { filter, bounds, limit: 10 };
    return driversOf(walk).map((driver) => {
      const { sql, values: bound } = statementOf(driver, walk);
      const rows = connection.query<[number, number, number, string]>(`EXPLAIN QUERY PLAN ${sql}`);
      const plan = rows(...bound).map(([, , , detail]) => detail);
      return { index: driver.index, plan: plan.join('; ') };
    });
  });
}

test('the parameters of a find are those that are held against indexes', () => {
  const find = routes.find(({ method, path: at }) => method === 'GET' && at.endsWith('/requests'));
  expect(Object.keys(find?.query ?? {})).toEqual([...Object.keys(values), 'limit', 'offset']);
});

test.each(queries)('find?%s walks an index, in the order of the answer', (query) => {
  const filter = toFilter(query);
  for (const { index, plan } of plansOf(filter)) {
    expect(plan).toContain(
      index === 'words' ? 'SEARCH words USING PRIMARY KEY (word=?' : `INDEX ${index}`,
    );
    expect(plan).not.toContain('SCAN words');
    if (index !== 'requests_created') expect(plan).not.toMatch(/SCAN requests/);
    // What was under way at one moment is little, and is sorted; of equal times the ids are.
    const sorts = plan.match(/USE TEMP B-TREE FOR [A-Z ]+/g) ?? [];
    const allowed = { words: /RIGHT PART|LAST TERM/, requests_span: /ORDER BY/ }[index] ?? /^none$/;
    for (const sort of sorts) expect(sort).toMatch(allowed);
  }
});

test.each(Object.entries(questionsOf))('%s is asked by a key or an index', (_, sql) => {
  const rows = connection.query<[number, number, number, string]>(`EXPLAIN QUERY PLAN ${sql}`);
  for (const [, , , detail] of rows(null))
    expect(detail).not.toMatch(/^SCAN (?!jobs USING INDEX jobs_running)/);
});

test.each(queries)('find?%s has an index in MongoDB that begins with what is asked', (query) => {
  const filter = toFilter(query);
  const question = questions.find(filter);
  const rule = readModelIndexes.requests.find(({ name }) => name === question.index);
  const [first = ''] = Object.keys(rule?.key ?? {});
  const isAsked = JSON.stringify(question.filter).includes(JSON.stringify(first));
  expect(isAsked || first === 'row.createdAt', `${question.index} for ${query}`).toBe(true);
  expect(Object.keys(rule?.key ?? {}).slice(-2)).toEqual(['row.createdAt', '_id']);
});

test('whichever index is walked, the answer is the same', async () => {
  const models = openSqliteReadModels({ path, store: 's' });
  const at = Date.parse('2026-01-15T00:00:00Z');
  const day = 24 * 3600 * 1000;
  const requests = Array.from({ length: 200 }, (_, n) => {
    const createdAt = at + ((n * 7) % 40) * day - 20 * day;
    const state = ['failed', 'running', 'complete', 'suspending'][n % 4] ?? '';
    return request(`r${n}`, {
      ...{ type: n % 3 === 0 ? 'deploy' : 'copy', user: n % 5 === 0 ? 'ann' : 'bob', state },
      ...{ createdAt, args: JSON.stringify({ host: `h${n % 2}` }) },
      ...(state === 'failed' && { finishedAt: createdAt + (n % 9) * day }),
    });
  });
  const page = { partition: 0, after: 0, applied: 1, counts: { requests: {}, jobs: {} } };
  await models.apply({ ...page, requests, jobs: [], attempts: [] });
  for (const query of queries) {
    const filter = toFilter(query);
    const expected = requests
      .filter((each) => fits(each, filter))
      .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1))
      .map(({ id }) => id);
    const found = (await models.find(filter)).map(({ id }) => id);
    expect(found, query).toEqual(expected);
    const some = (await models.find({ ...filter, limit: 3, offset: 2 })).map(({ id }) => id);
    expect(some, query).toEqual(expected.slice(2, 5));
    for (const bounds of walksOf(filter)) {
      const walk = { filter, bounds, limit: Infinity };
      const answers = driversOf(walk).map((driver) => {
        const { sql, values: bound } = statementOf(driver, walk);
        return connection
          .query<[string]>(sql)(...bound)
          .map(([id]) => id);
      });
      for (const answer of answers) expect(answer, query).toEqual(answers[0]);
    }
  }
  await models.close();
  connection.close();
});

/** A filter read anew, without any index. */
function fits(each: ReturnType<typeof request>, filter: RequestFilter): boolean {
  const { type, user, states, args, since = -Infinity, until = Infinity } = filter;
  const { host } = JSON.parse(each.args) as { host: string };
  return (
    (type === undefined || type === each.type) &&
    (user === undefined || user === each.user) &&
    (states === undefined || states.includes(each.state)) &&
    (args === undefined || args['host'] === host) &&
    (each.finishedAt ?? Infinity) > since &&
    each.createdAt < until
  );
}

function request(id: string, changes: Partial<RequestDocument>): RequestDocument {
  return {
    ...{ id, partition: 0, seq: 1, root: 'chain/main', type: 'deploy', state: 'running' },
    ...{ args: 'null', kept: 0, counts: {}, total: 1, resumption: 0, createdAt: 0, updatedAt: 0 },
    ...changes,
  };
}
