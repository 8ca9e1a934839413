/** Tables for people: columns that fit the terminal, long cells squeezed in the middle, numbers to the right. */
import { colorsOf } from './print.ts';
import { fit, oneLine, pad, widthOf } from './text.ts';

export type Column<Row> = {
  title: string;
  cell: (row: Row) => string;
  /** Default: left. */
  align?: 'right';
  /** May be squeezed down to this width; default: not at all. */
  least?: number;
  /** Colours the cell; its width must stay. */
  paint?: (cell: string, row: Row) => string;
};

const gap = 2;

/** Columns of a terminal; 80 where there is none. */
function widthOfOutput(): number {
  return process.stdout.isTTY ? Math.max(40, process.stdout.columns) : 80;
}

/** The lines of a table with its head; a column is left out when all its cells are empty. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number = widthOfOutput(),
): string[] {
  const cells = columns.map(({ cell }) => rows.map((row) => oneLine(cell(row))));
  const used = columns.flatMap((column, at) => {
    const own = cells[at] ?? [];
    return own.some((cell) => cell !== '') ? [{ column, cells: own }] : [];
  });
  const natural = used.map(({ column, cells: own }) =>
    own.reduce((most, cell) => Math.max(most, widthOf(cell)), column.title.length),
  );
  const widths = squeezed(
    natural,
    used.map(({ column }) => column.least),
    width - gap * (used.length - 1),
  );
  const line = (texts: readonly string[], paint: (text: string, at: number) => string): string =>
    texts
      .map((text, at) => {
        const fitted = pad(fit(text, widths[at] ?? 0), widths[at] ?? 0, used[at]?.column.align);
        return paint(at === texts.length - 1 ? fitted.trimEnd() : fitted, at);
      })
      .join(' '.repeat(gap))
      .trimEnd();
  const { dim } = colorsOf(process.stdout);
  const head = line(
    used.map(({ column }) => column.title),
    dim,
  );
  return [
    head,
    ...rows.map((row, index) =>
      line(
        used.map(({ cells: own }) => own[index] ?? ''),
        (text, at) => used[at]?.column.paint?.(text, row) ?? text,
      ),
    ),
  ];
}

/** Takes from the widest of those that may be squeezed until all fit, or none may be any more. */
function squeezed(
  natural: readonly number[],
  least: readonly (number | undefined)[],
  room: number,
): number[] {
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, width) => sum + width, 0);
  for (let excess = total() - room; excess > 0; excess = total() - room) {
    let widest = -1;
    widths.forEach((width, at) => {
      if (width > (least[at] ?? Infinity) && width > (widths[widest] ?? 0)) widest = at;
    });
    const now = widths[widest];
    if (now === undefined) break;
    // Down to the next widest, then in turns.
    const next = Math.max(...widths.filter((_, at) => at !== widest), 0);
    widths[widest] = Math.max(least[widest] ?? 0, now - excess, Math.min(next, now - 1));
  }
  return widths;
}
