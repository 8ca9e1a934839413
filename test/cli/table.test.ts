/** Tables: how columns share the width, and what they do with wide and empty cells. */
import { expect, test } from 'vitest';
import { table } from '../../src/cli/table.ts';
import type { Column } from '../../src/cli/table.ts';
import { widthOf } from '../../src/cli/text.ts';

type Row = { name: string; n: number; note?: string };

const columns: readonly Column<Row>[] = [
  { title: 'NAME', cell: ({ name }) => name, least: 6 },
  { title: 'N', cell: ({ n }) => String(n), align: 'right' },
  { title: 'NOTE', cell: ({ note = '' }) => note, least: 4 },
];

test('columns are as wide as they need to be, numbers to the right', () => {
  expect(
    table(
      columns,
      [
        { name: 'a', n: 1, note: 'x' },
        { name: 'bcdef', n: 20 },
      ],
      80,
    ),
  ).toEqual(['NAME    N  NOTE', 'a       1  x', 'bcdef  20']);
});

test('a column without a single text is left out', () => {
  expect(table(columns, [{ name: 'a', n: 1 }], 80)).toEqual(['NAME  N', 'a     1']);
});

test('what is too wide is squeezed, the widest first, and only what may be', () => {
  const rows = [{ name: 'n'.repeat(40), n: 123_456, note: 'o'.repeat(20) }];
  const [head = '', line = ''] = table(columns, rows, 40);
  expect(widthOf(line)).toBe(40);
  expect(line).toBe('nnnnnnn…nnnnnnn  123456  ooooooo…ooooooo');
  expect(head).toBe('NAME                  N  NOTE');
  expect(table(columns, rows, 20)[1]).toBe('nnn…nn  123456  oo…o');
  expect(table(columns, rows, 5)[1]).toBe('nnn…nn  123456  oo…o');
});

test('wide and dangerous characters leave the columns straight', () => {
  const rows = [
    { name: '日本', n: 1, note: 'a\nb' },
    { name: '👩‍🚀', n: 22, note: '\u001B[2J' },
  ];
  expect(table(columns, rows, 80)).toEqual([
    'NAME   N  NOTE',
    String.raw`日本   1  a\nb`,
    String.raw`👩‍🚀    22  \x1b[2J`,
  ]);
});
