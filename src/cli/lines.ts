/** The view for pipes and files: a line at the quarters, one every few seconds between them, one a job when verbose. */
import type { RequestStatus } from '../reader.ts';
import { count, duration, note, plural } from './print.ts';
import { lineOf, printedLines } from './view.ts';
import type { View } from './view.ts';

const everyMs = 5000;
const milestones = 4;

/** `verbose` adds a line for each job that ends. */
export function createLines(verbose: boolean): View {
  const startedAt = Date.now();
  let saidAt = startedAt;
  let saidDone = 0;
  let said = '';

  const line = ({ state, counts, total }: RequestStatus): string => {
    const failed = counts.failed > 0 ? `, ${count(counts.failed)} failed` : '';
    return `${state}: ${count(counts.complete)} of ${plural(total, 'job')} complete${failed}`;
  };

  return {
    show(status) {
      const done = status.counts.complete + status.counts.failed;
      const quarter = (jobs: number): number =>
        Math.floor((jobs * milestones) / Math.max(1, status.total));
      const text = line(status);
      const isDue = quarter(done) > quarter(saidDone) || Date.now() - saidAt >= everyMs;
      if (said !== '' && (!isDue || text === said)) return;
      note(`${text} (${duration(Date.now() - startedAt)})`);
      said = text;
      saidDone = done;
      saidAt = Date.now();
    },
    ...(verbose && {
      moved: (transition) => {
        const text = lineOf(transition);
        if (text !== undefined) note(text);
      },
      printed: (output) => printedLines(output).forEach((line) => note(line)),
    }),
    note,
    end: () => undefined,
  };
}
