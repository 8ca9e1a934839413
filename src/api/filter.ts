/** The query string of a find as a filter (specification 8 and 9). */
import type { RequestFilter } from '../ports/readmodels.ts';
import { MillraceError } from '../protocol/errors.ts';
import { statesNamed } from './states.ts';
import { states } from './wire.ts';

/** Throws MillraceError `usage`. Undefined when nothing can fit. */
export function filterOf(query: URLSearchParams): RequestFilter | undefined {
  const args = argsOf(query.getAll('arg'));
  const words = query.getAll('state').flatMap(wordsOf);
  const filter = {
    ...given('type', query.get('type')),
    ...given('user', query.get('user')),
    ...(query.has('state') && { states: words }),
    ...(args !== undefined && args.size > 0 && { args: Object.fromEntries(args) }),
    ...given('since', toInstant('since', query.get('since'), Math.floor)),
    ...given('until', toInstant('until', query.get('until'), Math.ceil)),
    ...pageOf(query.get('limit'), query.get('offset')),
  };
  return args === undefined ? undefined : filter;
}

function given<Name extends string, Value>(
  name: Name,
  value: Value | null | undefined,
): Partial<Record<Name, Value>> {
  // A cast: a computed name is any string to the compiler.
  return value === null || value === undefined || value === ''
    ? {}
    : ({ [name]: value } as Record<Name, Value>);
}

function wordsOf(name: string): readonly string[] {
  if (states.includes(name)) return statesNamed(name);
  const remedy = 'give one a parameter, in capitals';
  throw refusal(`state "${name}" is none of ${states.join(', ')}; ${remedy}`);
}

/** Undefined when one arg is to have two values. */
function argsOf(pairs: readonly string[]): ReadonlyMap<string, string> | undefined {
  const args = new Map<string, string>();
  let isPossible = true;
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at === -1) throw refusal(`arg "${pair}" has no "="; write arg=name=value`);
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    isPossible &&= (args.get(name) ?? value) === value;
    args.set(name, value);
  }
  return isPossible ? args : undefined;
}

const instantForm = /^(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** Milliseconds; nanoseconds are rounded so that none is on the wrong side. */
function toInstant(
  name: string,
  text: string | null,
  round: (ms: number) => number,
): number | undefined {
  if (text === null || text === '') return undefined;
  const [, seconds = '', fraction = '.0', zone = ''] = instantForm.exec(text) ?? [];
  const ms = Date.parse(`${seconds}${zone}`);
  if (!Number.isNaN(ms)) return ms + round(Number(fraction) * 1000);
  throw refusal(`${name} "${text}" is no time like 2026-11-26T10:00:00Z (RFC 3339)`);
}

/** 0 is no limit; an offset needs one, and is not looked at without. */
function pageOf(
  limit: string | null,
  offset: string | null,
): Pick<RequestFilter, 'limit' | 'offset'> {
  if (limit === null || limit === '') return {};
  const most = toCount('limit', limit);
  const skipped = offset === null || offset === '' ? 0 : toCount('offset', offset);
  return most === 0 ? {} : { limit: most, offset: skipped };
}

function toCount(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw refusal(`${name} "${text}" is no whole number`);
}

function refusal(message: string): MillraceError {
  return new MillraceError('usage', message);
}
