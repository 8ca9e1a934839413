/** Texts of the user's own on a terminal: what would move its cursor is spelled out, wide characters count double. */
import { eastAsianWidth } from 'get-east-asian-width';

/** Controls, line separators, marks that turn the direction of writing, halves of characters. */
const unsafe = /[\p{Cc}\p{Cs}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;
const names: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text on one line: a line break is `\n`, an escape character `\x1b`. */
export function oneLine(text: string): string {
  return text.replaceAll(unsafe, (character) => names[character] ?? escaped(character));
}

// eslint-disable-next-line no-control-regex -- the escape character is what is looked for
const colour = /\u001B\[[\d;]*m/g;

/** The lines that a terminal would show of a program's output: colours left out, of what a carriage return overwrites the last. */
export function linesOf(output: string): string[] {
  return output
    .replaceAll(colour, '')
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .map((line) => oneLine((line.split('\r').at(-1) ?? '').replaceAll('\t', '    ')));
}

/** Columns that a line takes on a terminal. */
export function widthOf(line: string): number {
  if (/^[ -~]*$/.test(line)) return line.length;
  let width = 0;
  for (const segment of graphemesOf(line)) width += graphemeWidth(segment);
  return width;
}

/** A text on one line, at most so wide; its middle goes first. */
export function fit(text: string, width: number): string {
  const line = oneLine(text.trimEnd());
  if (widthOf(line) <= width) return line;
  const segments = graphemesOf(line);
  const tailWidth = Math.floor((width - 1) / 2);
  const head = taken(segments, width - 1 - tailWidth);
  return `${head}…${taken(segments.reverse(), tailWidth, true)}`;
}

/** Fills up to a width, for columns. */
export function pad(line: string, width: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(line)));
  return align === 'left' ? line + blanks : blanks + line;
}

/** A text in lines of at most that width, broken at spaces where there are any. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const at = space > 0 ? space : width;
    lines.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** The last lines of a text, each set in. */
export function lastLines(text: string, most: number, indent: string): string {
  return linesOf(text.trimEnd())
    .slice(-most)
    .map((line) => indent + line)
    .join('\n');
}

/** As many as fit, from the front; `isReversed` puts them back in order. */
function taken(segments: readonly string[], width: number, isReversed = false): string {
  const fitting: string[] = [];
  let left = width;
  for (const segment of segments) {
    left -= graphemeWidth(segment);
    if (left < 0) break;
    fitting.push(segment);
  }
  return (isReversed ? fitting.reverse() : fitting).join('');
}

let segmenter: Intl.Segmenter | undefined;

/** What a person takes for a character each; the segmenter takes a while to make. */
function graphemesOf(line: string): string[] {
  segmenter ??= new Intl.Segmenter();
  return [...segmenter.segment(line)].map(({ segment }) => segment);
}

function graphemeWidth(segment: string): number {
  if (/^[\p{M}\p{Default_Ignorable_Code_Point}]+$/u.test(segment)) return 0;
  if (/\p{Emoji_Presentation}|\uFE0F/u.test(segment)) return 2;
  return eastAsianWidth(segment.codePointAt(0) ?? 0);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}
