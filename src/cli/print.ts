/** How things are written: data on stdout, notes for people on stderr, colours only on a terminal. */
import pc from 'picocolors';

type Stream = NodeJS.WriteStream;

/** Colours of a stream, or none. */
export function colorsOf(stream: Stream): ReturnType<typeof pc.createColors> {
  // Not `&&`: what is no terminal has no isTTY at all, and undefined would mean the default.
  return pc.createColors(stream.isTTY ? pc.isColorSupported : false);
}

/** A text in the colour of a state; a request's and a job's. */
export function paintState(text: string, state: string = text): string {
  const { green, red, yellow } = colorsOf(process.stdout);
  switch (state) {
    case 'COMPLETE':
      return green(text);
    case 'FAIL':
      return red(text);
    case 'RUNNING':
    case 'PENDING':
      return text;
    default:
      return yellow(text);
  }
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

/** `0.4 s`, `2 min 3 s`, `1 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `2026-11-23 11:17:53Z`; by the clock of this machine `2026-11-23 12:17:53+01:00`. */
export function instant(at: number, zone: 'utc' | 'local' = 'utc'): string {
  const aheadMin = zone === 'utc' ? 0 : -new Date(at).getTimezoneOffset();
  const shifted = new Date(at + aheadMin * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  if (zone === 'utc') return `${shifted}Z`;
  const [hours, minutes] = [Math.floor(Math.abs(aheadMin) / 60), Math.abs(aheadMin) % 60];
  const offset = [hours, minutes].map((part) => String(part).padStart(2, '0')).join(':');
  return `${shifted}${aheadMin < 0 ? '-' : '+'}${offset}`;
}

/** `12 s ago`, `3 min ago`; the date of what is older than four weeks. */
export function ago(at: number, now: number): string {
  const seconds = Math.floor((now - at) / 1000);
  if (seconds < 1) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ago`;
  const days = Math.floor(hours / 24);
  return days <= 28 ? `${days} days ago` : instant(at).slice(0, 10);
}
