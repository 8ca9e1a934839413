/** Durations as specs spell them, which is Go's way: `300ms`, `1.5h`, `1m30s`, `0`. */

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const part = String.raw`(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)`;
const whole = new RegExp(`^[+-]?(?:0|(?:${part})+)$`);
const parts = /(\d+\.?\d*|\.\d+)([a-zµμ]+)/g;

/** Milliseconds, or undefined for what is no duration; a negative one is as short as none. */
export function durationMs(text: string): number | undefined {
  if (text.length > 100 || !whole.test(text)) return undefined;
  if (text.startsWith('-')) return 0;
  let ms = 0;
  for (const [, number, unit = ''] of text.matchAll(parts))
    ms += Number(number) * (units[unit] ?? 0);
  return ms;
}

/** Milliseconds in the same spelling: `1m30s`. */
export function durationText(ms: number): string {
  if (ms < 1000) return ms === 0 ? '0s' : `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (minutes === 0) return seconds;
  return minutes < 60
    ? `${minutes}m${seconds}`
    : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}
