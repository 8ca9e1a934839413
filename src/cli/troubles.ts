/** The host's log for people: what troubles the store or the broker becomes one line of the view. */
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { LogLevel } from '../config.ts';

type Line = { level: number; msg?: string; err?: { message?: string } };

const againMs = 30_000;

/** A logger of what is at least this bad; the same line comes again only after half a minute. */
export function createTroubleLog(say: (line: string) => void, level: LogLevel): Logger {
  const saidAt = new Map<string, number>();
  const write = (json: string): void => {
    const text = textOf(JSON.parse(json) as Line);
    const now = Date.now();
    if (text === undefined || now - (saidAt.get(text) ?? -Infinity) < againMs) return;
    saidAt.set(text, now);
    say(text);
  };
  const err = ({ message }: Error): Line['err'] => ({ message });
  return pino({ name: 'millrace', level, serializers: { err } }, { write });
}

/** Nothing for what the summary says anyway. */
function textOf({ msg = '', err }: Line): string | undefined {
  if (msg === 'parked') return undefined;
  const why = err?.message?.split('\n')[0];
  if (why === undefined) return msg;
  const part = msg.startsWith('publish') ? 'broker' : 'store';
  return why.includes('again') ? `${part}: ${why}` : `${part}: ${why} (${msg})`;
}
