/** Specs in tests: texts in, problems out. */
import { checkSpecs } from '../../src/spec/check.ts';
import type { Checked } from '../../src/spec/check.ts';
import { parseSpecs } from '../../src/spec/parse.ts';
import { messageText } from '../../src/spec/problem.ts';
import type { Problem } from '../../src/spec/problem.ts';

/** Checks the texts of files, called `1.yaml` and so on. */
export function check(...texts: readonly string[]): Checked {
  return checkSpecs(texts.map((text, at) => parseSpecs(`${at + 1}.yaml`, text)));
}

/** `1.yaml:7 error sequence "s": node "n": …` of each. */
export function told(problems: readonly Problem[]): string[] {
  return problems.map(
    ({ file, line, ...rest }) => `${file}:${line} ${rest.level} ${messageText(rest)}`,
  );
}

/** A spec file of one sequence `s`, of what is written below it. */
export function sequenceText(body: string): string {
  return `sequences:\n  s:\n${indented(body, 4)}`;
}

/** The same with one node `n` in it, and whatever else the file has. */
export function nodeText(fields: string, { args = '', more = '' } = {}): string {
  const own = `nodes:\n  n:\n${indented(fields, 4)}`;
  const rest = more === '' ? '' : `\n${indented(more, 2)}`;
  return sequenceText(args === '' ? own : `args: ${args}\n${own}`) + rest;
}

function indented(text: string, by: number): string {
  const blanks = ' '.repeat(by);
  return text
    .split('\n')
    .map((line) => blanks + line)
    .join('\n');
}
