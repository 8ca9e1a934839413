/** Holds the table of rows and tests: no row without a test, no test that there is not, nothing left out. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { routes } from '../../src/api/routes.ts';
import { sourceFiles } from '../kit/imports.ts';
import { reportOf } from './report.ts';
import type { Section } from './row.ts';
import { sections } from './sections.ts';
import { hasTest, titlesIn } from './titles.ts';

const root = new URL('../../', import.meta.url);

function textOf(file: string): string {
  const url = new URL(file, root);
  return existsSync(url) ? readFileSync(url, 'utf8') : '';
}

/** What of the program the rows of a section are about. */
function subjectsOf(title: string): Set<string | undefined> {
  const section = sections.find((each) => each.title.startsWith(title));
  return new Set(section?.rows.map(({ of }) => of));
}

describe.each(sections)('$title', ({ rows }) => {
  test('every row is covered by tests that there are', () => {
    const faults = rows.flatMap(({ row, by }) =>
      by.length === 0
        ? [`"${row}" has no test`]
        : by
            .filter(({ file, title }) => !hasTest(textOf(file), title))
            .map(({ file, title }) => `"${row}": ${file} has no test "${title}"`),
    );
    expect(faults).toEqual([]);
  });
});

describe('nothing is left out:', () => {
  test('every static check has its row', () => {
    const files = sourceFiles(new URL('.', root).pathname, ['src/spec/checks']);
    const checks = files.flatMap((file) =>
      [...textOf(file).matchAll(/^export const (\w+): (?:Node|Sequence)Check/gm)].map(
        ([, name]) => name,
      ),
    );
    expect(checks.length).toBeGreaterThan(40);
    expect(checks.filter((name) => !subjectsOf('4 ').has(name))).toEqual([]);
  });

  test('every route has its row', () => {
    const names = routes.map(({ method, path }) => `${method} ${path}`);
    expect(names.filter((name) => !subjectsOf('9 ').has(name))).toEqual([]);
  });
});

describe('a test is found', () => {
  const text = `
    test('of a plain title', () => undefined);
    it(
      "of one that isn't plain",
      async () => undefined);
    test.each(['a', 'b c'])('of %s, with %i', () => undefined);
    test.each([['row one'], ['row two']])('%s', () => undefined);`;

  test('as it is written, or with values that the file quotes', () => {
    expect(titlesIn(text)).toHaveLength(4);
    for (const title of [
      'of a plain title',
      "of one that isn't plain",
      'of %s, with %i',
      'row two',
    ])
      expect([title, hasTest(text, title)]).toEqual([title, true]);
  });

  test('in no other way', () => {
    for (const title of ['of a plain', 'row three', 'of d, with 1', 'a plain title', ''])
      expect([title, hasTest(text, title)]).toEqual([title, false]);
  });
});

describe('the report', () => {
  const section: Section = {
    title: '0 Nothing',
    rows: [
      { row: 'one', by: [{ file: 'test/a.test.ts', title: 'it holds' }] },
      { row: 'two', of: 'GET /', by: [{ file: 'test/a.test.ts', title: '%s stands' }] },
    ],
  };
  const ran = (title: string, status: string) => ({ file: 'test/a.test.ts', title, status });

  test('says of each row how its tests ended', () => {
    const results = [ran('it holds', 'passed'), ran('that stands', 'passed')];
    const { text, failed } = reportOf([section], results);
    expect(failed).toBe(0);
    expect(text).toContain('ok      one');
    expect(text).toContain('ok      GET /: two');
    expect(text).toContain('2 rows, 2 covered by tests that passed');
  });

  test('counts a row whose test failed or did not run, and none that was skipped', () => {
    const results = [ran('it holds', 'failed')];
    const { text, failed } = reportOf([section], results);
    expect(failed).toBe(2);
    expect(text).toMatch(/failed {2}one\n/);
    expect(text).toMatch(/not run GET \/: two\n/);
    const skipped = reportOf([section], [ran('no server is there', 'skipped')]);
    expect(skipped.text).toMatch(/skipped one\n/);
    expect(skipped.failed).toBe(0);
  });

  test('is the table alone where nothing ran', () => {
    const { text, failed } = reportOf([section], undefined);
    expect(failed).toBe(0);
    expect(text).toContain('        one\n          test/a.test.ts: it holds\n');
  });
});
