/** The table as text: each row with its tests and, after a run, how these ended. */
import type { Cover, Row, Section } from './row.ts';
import { valuesIn } from './titles.ts';

/** A test of a run. */
export type Result = { file: string; title: string; status: string };

type Status = 'ok' | 'failed' | 'skipped' | 'not run';

/** `results`: of every test that ran; `failed`: rows whose tests did not all pass, skipped ones among them. */
export function reportOf(
  sections: readonly Section[],
  results: readonly Result[] | undefined,
): { text: string; failed: number } {
  const lines: string[] = [];
  const rows = sections.flatMap((section) => section.rows);
  const statuses = new Map(rows.map((row) => [row, results && statusOf(row, results)]));
  for (const section of sections) {
    lines.push('', section.title);
    for (const row of section.rows) {
      const { of, by } = row;
      const name = of === undefined ? row.row : `${of}: ${row.row}`;
      lines.push(`${(statuses.get(row) ?? '').padEnd(7)} ${name}`);
      lines.push(...by.map(({ file, title }) => `          ${file}: ${title}`));
    }
  }
  const passed = [...statuses.values()].filter((status) => status === 'ok').length;
  const sum = results ? `, ${passed} covered by tests that passed` : '';
  lines.push('', `${rows.length} rows${sum}`);
  return { text: `${lines.join('\n')}\n`, failed: results ? rows.length - passed : 0 };
}

function statusOf({ by }: Row, results: readonly Result[]): Status {
  const all = by.map((cover) => endOf(cover, results));
  const worst = (['failed', 'not run', 'skipped'] as const).find((each) => all.includes(each));
  return worst ?? 'ok';
}

function endOf({ file, title }: Cover, results: readonly Result[]): Status {
  const mine = results.filter(
    (result) => result.file === file && valuesIn(title, result.title) !== undefined,
  );
  if (mine.length === 0) return 'not run';
  if (mine.some(({ status }) => status === 'failed')) return 'failed';
  return mine.every(({ status }) => status === 'passed') ? 'ok' : 'skipped';
}
