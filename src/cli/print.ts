/** How things are written: data on stdout, notes for people on stderr, colours only on a terminal. */
import pc from 'picocolors';

type Stream = NodeJS.WriteStream;

/** Colours of a stream, or none. */
export function colorsOf(stream: Stream): ReturnType<typeof pc.createColors> {
  return pc.createColors(stream.isTTY && pc.isColorSupported);
}

/** A line of data. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One JSON document. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}

/** A line for a person, beside the data. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** `error: …` on stderr. */
export function complain(message: string): void {
  note(`${colorsOf(process.stderr).red('error:')} ${message}`);
}

/** `1,234`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 job`, `2 jobs`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `0.4 s`, `2 min 3 s`, `1 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `2026-11-23 11:17:53Z`. */
export function instant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** A text on one line, no wider than that; its middle goes first. */
export function fit(text: string, width: number): string {
  const line = text.replaceAll(/\p{Cc}+/gu, ' ').trimEnd();
  if (line.length <= width) return line;
  const tail = Math.floor((width - 1) / 2);
  return `${line.slice(0, width - 1 - tail)}…${line.slice(line.length - tail)}`;
}

/** The last lines of a text, each set in. */
export function lastLines(text: string, most: number, indent: string): string {
  const lines = text.trimEnd().split('\n');
  return lines
    .slice(-most)
    .map((line) => indent + line)
    .join('\n');
}

/** Sets rows in columns, two spaces between them. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
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
