/** How numbers and times are written. */
import { expect, test } from 'vitest';
import { ago, duration } from '../../src/cli/print.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  [0, 'just now'],
  [-5000, 'just now'],
  [12_999, '12 s ago'],
  [59_999, '59 s ago'],
  [3 * minute, '3 min ago'],
  [47 * hour, '47 h ago'],
  [3 * day, '3 days ago'],
  [40 * day, '2026-10-17'],
])('%d ms before now is %s', (before, text) => {
  const now = Date.UTC(2026, 10, 26, 12);
  expect(ago(now - before, now)).toBe(text);
});

test.each([
  [40, '0.0 s'],
  [9940, '9.9 s'],
  [9960, '10 s'],
  [59_600, '1 min 0 s'],
  [90 * minute, '1 h 30 min'],
  [76 * hour, '3 d 4 h'],
])('%d ms take %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});
