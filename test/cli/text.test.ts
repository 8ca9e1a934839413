/** Texts of the user's own on a terminal: widths, squeezing, what could move its cursor. */
import { expect, test } from 'vitest';
import { fit, linesOf, oneLine, pad, widthOf } from '../../src/cli/text.ts';

test('what would move the cursor or turn the writing is spelled out', () => {
  expect(oneLine('a\nb\tc\r\u001B[31m\u0007')).toBe(String.raw`a\nb\tc\r\x1b[31m\x07`);
  expect(oneLine('\u202Eevil\u2066\u2028')).toBe(String.raw`\u{202e}evil\u{2066}\u{2028}`);
  expect(oneLine('half \uD83D')).toBe(String.raw`half \u{d83d}`);
  expect(oneLine('naïve 日本 👩‍🚀')).toBe('naïve 日本 👩‍🚀');
});

test('wide characters count double, joined and combining ones once', () => {
  expect(widthOf('abc')).toBe(3);
  expect(widthOf('日本')).toBe(4);
  expect(widthOf('e\u0301')).toBe(1);
  expect(widthOf('👩‍🚀✅')).toBe(4);
  expect(widthOf('…✓→')).toBe(3);
});

test('a long text loses its middle, and keeps to its width', () => {
  expect(fit('short', 5)).toBe('short');
  expect(fit('src/very/long/path.ts', 11)).toBe('src/v…th.ts');
  expect(fit('日本語の長い名前', 8)).toBe('日本…前');
  expect(widthOf(fit('👩‍🚀👩‍🚀👩‍🚀👩‍🚀', 6))).toBeLessThanOrEqual(6);
  expect(fit('abc', 1)).toBe('…');
});

test('cells are filled up on the side that their numbers need', () => {
  expect(pad('日本', 6)).toBe('日本  ');
  expect(pad('12', 4, 'right')).toBe('  12');
  expect(pad('long', 2)).toBe('long');
});

test('output is shown as a terminal would leave it, without its colours', () => {
  expect(linesOf('10%\r20%\r100%\ndone\n')).toEqual(['100%', 'done']);
  expect(linesOf('\u001B[1;32mok\u001B[0m\r\n\tin\u001B[2J')).toEqual([
    'ok',
    String.raw`    in\x1b[2J`,
  ]);
  expect(linesOf('')).toEqual(['']);
});
