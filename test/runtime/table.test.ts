/** A persistent table and a plain copy a version agree, whichever version is looked at when. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Table } from '../../src/runtime/table.ts';

type Row = { n: number };

const change = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  row: fc.option(fc.record({ n: fc.nat(9) }), { nil: undefined }),
  /** Which of the versions so far is changed: mostly the newest. */
  of: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(20)),
  look: fc.nat(20),
});

const sorted = (rows: Iterable<[string, Row]>): [string, Row][] =>
  [...rows].sort(([a], [b]) => (a < b ? -1 : 1));

const keys = Array.from({ length: 3000 }, (_, n) => `job/${n}`);

test('every version of a table keeps its rows, whatever is made of it or of others', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const versions: { table: Table<Row>; copy: ReadonlyMap<string, Row> }[] = [
        { table: new Table(), copy: new Map() },
      ];
      for (const { key, row, of, look } of changes) {
        const before = versions.at(-1 - (of % versions.length));
        if (before === undefined) continue;
        const copy = new Map(before.copy);
        if (row === undefined) copy.delete(key);
        else copy.set(key, row);
        const { table } = before;
        versions.push({
          table: row === undefined ? table.without(key) : table.with(key, row),
          copy,
        });
        const seen = versions[look % versions.length];
        expect(seen && sorted(seen.table)).toEqual(seen && sorted(seen.copy));
        expect(seen?.table.size).toBe(seen?.copy.size);
        expect(seen?.table.get(key)).toBe(seen?.copy.get(key));
      }
      for (const each of versions) expect(sorted(each.table)).toEqual(sorted(each.copy));
    }),
  );
});

test('a row that is not there is taken out without a new version', () => {
  const table = new Table<Row>([['a', { n: 1 }]]);
  expect(table.without('b')).toBe(table);
  expect(table.has('a')).toBe(true);
});

test('a table of thousands of rows changes as one of a few does', () => {
  const few = new Table<Row>([['other', { n: 0 }]]);
  const all = keys.reduce((table, key, n) => table.with(key, { n }), few);
  expect(all.size).toBe(3001);
  expect(keys.every((key, n) => all.get(key)?.n === n)).toBe(true);
  const changed = all.with('job/7', { n: -7 });
  expect([changed.size, changed.get('job/7'), all.get('job/7')]).toEqual([
    3001,
    { n: -7 },
    { n: 7 },
  ]);
  const left = keys.reduce((table, key) => table.without(key), changed);
  expect([...left]).toEqual([...few]);
  expect([...all.keys()].sort()).toEqual([...keys, 'other'].sort());
});

test('the same rows are sorted alike, in whatever order they came', () => {
  const rows = keys.slice(0, 100).map((key, n): [string, Row] => [key, { n }]);
  expect(new Table(rows).sorted()).toEqual(new Table(rows.toReversed()).sorted());
  expect(new Table(rows).sorted()).toEqual(sorted(rows));
});

test('of many rows those that are to go are taken out, and nothing else is a new version', () => {
  const all = new Table(keys.map((key, n): [string, Row] => [key, { n }]));
  const even = all.filter(({ n }) => n % 2 === 0);
  expect(even.size).toBe(1500);
  expect([...even.values()].every(({ n }) => n % 2 === 0)).toBe(true);
  expect(all.filter(() => true)).toBe(all);
});

test('whether some row is as it is sought is found in any bucket', () => {
  const all = new Table(keys.map((key, n): [string, Row] => [key, { n }]));
  expect(keys.every((_, sought) => all.some(({ n }) => n === sought))).toBe(true);
  expect(all.some(({ n }) => n === keys.length)).toBe(false);
});
