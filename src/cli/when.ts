/** Points in time on the command line: a while ago, or a UTC time. */
import { MillraceError } from '../protocol/errors.ts';

/** For the help of options. */
export const whenHelp = '90s, 10m, 2h or 3d ago, or a UTC time: 2026-11-26 12:44';

const units: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Whose clock a time without a zone is read by. */
export type Zone = 'utc' | 'local';

/** Epoch milliseconds. Throws MillraceError `usage`, naming `what` was given. */
export function toInstant(text: string, what: string, now: number, zone: Zone = 'utc'): number {
  const [, amount, unit = ''] = /^(\d{1,9}(?:\.\d+)?) ?([a-z]+)(?: ago)?$/.exec(text.trim()) ?? [];
  const unitMs = units[unit];
  if (amount !== undefined && unitMs !== undefined) return now - Number(amount) * unitMs;
  const at = Date.parse(asIso(text.trim(), zone));
  if (!Number.isNaN(at)) return at;
  throw new MillraceError('usage', `${what} "${text}" is no time; give ${whenHelp}`);
}

/** `2026-11-26 12:44 UTC` → `2026-11-26T12:44Z`; what names no zone is UTC, as all that is printed, or local. */
function asIso(text: string, ofNone: Zone): string {
  const [, day, time = '00:00', zone = ofNone === 'utc' ? 'Z' : ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))? ?(Z|UTC|[+-]\d\d:\d\d)?$/.exec(
      text,
    ) ?? [];
  return day === undefined ? '' : `${day}T${time}${zone === 'UTC' ? 'Z' : zone}`;
}
