/** A log whose lines are kept, as objects. */
import { pino } from 'pino';
import type { Logger } from 'pino';

export function keptLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
  };
  return { lines, log: pino({ base: null, level: 'trace' }, { write }) };
}
