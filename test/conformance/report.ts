/** The table as text: each row with its tests and, after a run, how these ended. */
import type { Cover, Row, Section } from './row.ts';
import { valuesIn } from './titles.ts';

/** A test of a run. */
export type Result = { file: string; title: string; status: string };

type Status = 'ok' | 'failed' | 'skipped' | 'not run';

/** `results`: of every test that ran; `failed`: rows with a test that failed or did not run. */
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
  const failed = [...statuses.values()].filter((each) => each === 'failed' || each === 'not run');
  return { text: `${lines.join('\n')}\n`, failed: failed.length };
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
  if (mine.length === 0) return isSkipped(file, results) ? 'skipped' : 'not run';
  if (mine.some(({ status }) => status === 'failed')) return 'failed';
  return mine.every(({ status }) => status === 'passed') ? 'ok' : 'skipped';
}

/** A suite whose server is not there says so by one test that is skipped. */
function isSkipped(file: string, results: readonly Result[]): boolean {
  const all = results.filter((result) => result.file === file);
  return all.length > 0 && all.every(({ status }) => status !== 'passed' && status !== 'failed');
}
