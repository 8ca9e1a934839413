/** Points in time on the command line. */
import { expect, test } from 'vitest';
import { toInstant } from '../../src/cli/when.ts';

const now = Date.UTC(2026, 10, 26, 12, 44, 19, 500);

test.each([
  ['90s', now - 90_000],
  ['10m', now - 600_000],
  ['10 min ago', now - 600_000],
  ['1.5h', now - 5_400_000],
  ['3d', now - 259_200_000],
  ['2026-11-26', Date.UTC(2026, 10, 26)],
  ['2026-11-26 12:44', Date.UTC(2026, 10, 26, 12, 44)],
  ['2026-11-26 12:44:19Z', Date.UTC(2026, 10, 26, 12, 44, 19)],
  ['2026-11-26 12:44:19 UTC', Date.UTC(2026, 10, 26, 12, 44, 19)],
  ['2026-11-26T12:44:19.250+02:00', Date.UTC(2026, 10, 26, 10, 44, 19, 250)],
])('%s is understood', (text, at) => {
  expect(toInstant(text, '--since', now)).toBe(at);
});

test('by the clock of this machine, where that is asked for', () => {
  const at = toInstant('2026-11-26 12:44', '--since', now, 'local');
  expect(at).toBe(new Date(2026, 10, 26, 12, 44).getTime());
  expect(toInstant('2026-11-26 12:44 UTC', '--since', now, 'local')).toBe(
    Date.UTC(2026, 10, 26, 12, 44),
  );
});

test.each(['yesterday', '', '10', '10 parsecs', '2026-13-45', '26.11.2026'])(
  '%j is refused, with what there is',
  (text) => {
    expect(() => toInstant(text, '--since', now)).toThrow(
      `--since "${text}" is no time; give 90s, 10m, 2h or 3d ago, or a UTC time: 2026-11-26 12:44`,
    );
  },
);
