/** Titles of tests: found in the text of a file, and compared with those of a report. */

const call =
  /(?:\b(?:test|it)|\))\(\s*(?<quote>['"`])(?<title>(?:\\.|(?!\k<quote>)[^\\])*)\k<quote>\s*,/gs;

/** As they are written, with places for values in them. */
export function titlesIn(text: string): string[] {
  return [...text.matchAll(call)].map(({ groups }) =>
    (groups?.['title'] ?? '').replaceAll(/\\(.)/g, '$1'),
  );
}

/** The values that make `title` of a title as it is written; undefined when none do. */
export function valuesIn(written: string, title: string): string[] | undefined {
  if (written === title) return [];
  const pattern = written
    .split(/(%[sdifjoO]|\$\w+|\$\{\w+\})/)
    .map((part, at) => (at % 2 === 1 ? '(.+)' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('');
  return new RegExp(`^${pattern}$`, 's').exec(title)?.slice(1);
}

/** Whether a file has a test of this title, the values of which it quotes. */
export function hasTest(text: string, title: string): boolean {
  const quoted = (value: string): boolean =>
    ["'", '"', '`'].some((q) => text.includes(q + value + q));
  return titlesIn(text).some((written) => valuesIn(written, title)?.every(quoted) === true);
}
