/** The view for terminals: a bar with counts, a few running jobs below it, and lines that stay above. */
import progress from 'cli-progress';
import type { Options, SingleBar } from 'cli-progress';
import type { RequestStatus } from '../reader.ts';
import { colorsOf, count } from './print.ts';
import { fit, widthOf, wrap } from './text.ts';
import { lineOf, printedLines } from './view.ts';
import type { View } from './view.ts';

const rows = 4;
const redrawsPerSecond = 10;
const barWidth = 24;

/** Draws on stderr; `verbose` adds a line for each job that ends. */
export function createScreen(verbose: boolean): View {
  const colors = colorsOf(process.stderr);
  const startedAt = Date.now();
  const slots: (string | undefined)[] = Array.from({ length: rows });
  const bars = new progress.MultiBar({
    ...progress.Presets.shades_classic,
    stream: process.stderr,
    fps: redrawsPerSecond,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    emptyOnZero: true,
    autopadding: false,
    format: (_options, _params, payload: { text: string }) => payload.text,
  });
  const main = bars.create(1, 0, { text: '' }, { format: toBar });
  const below: SingleBar[] = Array.from({ length: rows + 1 }, () =>
    bars.create(1, 0, { text: '' }),
  );
  let hasEnded = false;

  function toBar(
    options: Options,
    params: { progress: number },
    payload: { text: string },
  ): string {
    const bar = progress.Format.BarFormat(params.progress, { ...options, barsize: barWidth });
    const percent = `${Math.floor(params.progress * 100)}%`.padStart(4);
    return `${colors.cyan(bar)}${percent}  ${payload.text}`;
  }

  function width(): number {
    return Math.max(40, process.stderr.columns) - 1;
  }

  /** Rows that are drawn over keep what was right of the text, if it is not cleared. */
  function keep(line: string): void {
    for (const part of wrap(line, width())) bars.log(`${part}\x1b[K\n`);
  }

  return {
    show(status, says) {
      const { counts, total } = status;
      main.setTotal(Math.max(1, total));
      const text = fit(countsOf(status, Date.now() - startedAt), width() - barWidth - 6);
      main.update(counts.complete, { text: counts.failed > 0 ? colors.red(text) : text });
      fill(slots, status, says);
      below.slice(0, rows).forEach((bar, at) => {
        bar.update(0, { text: slotText(slots[at], says) });
      });
      const more = status.running.length - slots.filter((name) => name !== undefined).length;
      below[rows]?.update(0, {
        text: more > 0 ? colors.dim(`  and ${count(more)} more running`) : '',
      });
    },
    ...(verbose && {
      moved: (transition) => {
        const text = lineOf(transition);
        if (text !== undefined) keep(text);
      },
      printed: (output) => printedLines(output).forEach((line) => keep(line)),
    }),
    note: keep,
    end() {
      if (hasEnded) return;
      hasEnded = true;
      bars.update();
      bars.stop();
    },
  };

  function slotText(name: string | undefined, says: ReadonlyMap<string, string>): string {
    if (name === undefined) return '';
    const label = fit(name, 26);
    const text = fit(says.get(name) ?? '', width() - widthOf(label) - 4);
    return `  ${label}  ${colors.dim(text)}`;
  }
}

function countsOf({ state, counts, total }: RequestStatus, ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return [
    `${count(counts.complete)}/${count(total)} jobs`,
    ...(counts.failed > 0 ? [`${count(counts.failed)} failed`] : []),
    ...(counts.running > 0 ? [`${count(counts.running)} running`] : []),
    ...(state === 'RUNNING' ? [] : [state]),
    clock,
  ].join('  ');
}

/** A job keeps its row until it ends, so that rows can be read; those that say something come first. */
function fill(
  slots: (string | undefined)[],
  status: RequestStatus,
  says: ReadonlyMap<string, string>,
): void {
  const running = new Set(status.running.map(({ name }) => name));
  slots.forEach((name, at) => {
    if (name !== undefined && !running.has(name)) slots[at] = undefined;
  });
  for (const name of slots) if (name !== undefined) running.delete(name);
  const waiting = [...running].sort((a, b) => Number(says.has(b)) - Number(says.has(a)));
  slots.forEach((name, at) => (slots[at] = name ?? waiting.shift()));
}
