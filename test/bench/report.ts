/** Figures of a benchmark run: printed as a table, and written as JSON with `--json FILE`. */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

export type Figure = {
  name: string;
  value: number;
  unit: string;
  /** The value that it must not pass, or must reach. */
  goal?: { atMost: number } | { atLeast: number };
};

export type Compared = {
  name: string;
  jobs: number;
  rounds: readonly { ours: number; theirs: number }[];
  /** Of the ratio's median; default: no goal. */
  atLeast?: number;
};

/** A figure as it is written: `holds` is null where there is no goal. */
type Reported = {
  name: string;
  value: number;
  unit: string;
  goal: string | null;
  holds: boolean | null;
};

export class Report {
  readonly #figures: Reported[] = [];

  add({ name, value, unit, goal }: Figure): void {
    const rounded = Number(value.toPrecision(4));
    const holds =
      goal === undefined ? null : 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
    const figure: Reported = { name, value: rounded, unit, goal: goalText(goal), holds };
    this.#figures.push(figure);
    const verdict = holds === null ? '' : holds ? 'holds' : 'DOES NOT HOLD';
    console.log(
      `${name.padEnd(52)} ${String(rounded).padStart(10)} ${unit.padEnd(14)} ${(figure.goal ?? '').padEnd(12)} ${verdict}`,
    );
  }

  /** Rounds of the same jobs, ours and BullMQ's in turn, by their milliseconds. */
  compare({ name, jobs, rounds, atLeast }: Compared): void {
    const perSecond = (ms: readonly number[]): number => (jobs * 1000) / median(ms);
    const [ours, theirs] = [rounds.map((round) => round.ours), rounds.map((round) => round.theirs)];
    const ratios = rounds.map((round) => round.theirs / round.ours);
    const unit = '× BullMQ';
    this.add({ name: `${name}, millrace`, value: perSecond(ours), unit: 'steps/s' });
    this.add({ name: `${name}, BullMQ flows`, value: perSecond(theirs), unit: 'steps/s' });
    this.add({
      name: `${name}, ratio, median of ${rounds.length}`,
      value: median(ratios),
      unit,
      ...(atLeast !== undefined && { goal: { atLeast } }),
    });
    this.add({
      name: `${name}, ratio, lowest of ${rounds.length}`,
      value: Math.min(...ratios),
      unit,
    });
  }

  /** The machine and versions that the figures belong to. */
  heading(): void {
    const [cpu] = cpus();
    console.log(
      `node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} × ${cpu?.model ?? 'unknown'}, ${heapFlags().join(' ') || 'heap as Node has it'}\n`,
    );
  }

  write(file: string): void {
    writeFileSync(file, `${JSON.stringify(this.#figures, null, 2)}\n`);
  }
}

/** What V8 was told about its heap by whoever runs this; nothing by `npm run bench`, as users' hosts are told nothing. */
export function heapFlags(): string[] {
  const { NODE_OPTIONS = '' } = process.env;
  return [...process.execArgv, ...NODE_OPTIONS.split(' ')].filter((flag) =>
    flag.includes('-size='),
  );
}

function goalText(goal: Figure['goal']): string | null {
  if (goal === undefined) return null;
  return 'atMost' in goal ? `≤ ${Number(goal.atMost.toPrecision(4))}` : `≥ ${goal.atLeast}`;
}

/** The value below which this share of the samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}
