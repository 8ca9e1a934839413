/** When a timer is due, as an instant; pure, so that it can be journaled and replayed. */
import { CronExpressionParser } from 'cron-parser';
import type { When } from './actor.ts';

/** Epoch milliseconds; throws on an instant or a cron expression that cannot be read. */
export function dueAt(when: When, at: number): number {
  if ('afterMs' in when) return at + when.afterMs;
  if ('cron' in when) return nextCron(when, at);
  const due = typeof when.at === 'number' ? when.at : Date.parse(when.at);
  if (Number.isNaN(due))
    throw new Error(`"${when.at}" is no instant; write it as ISO 8601, 2026-01-31T08:00:00Z`);
  return due;
}

function nextCron(when: { cron: string; timeZone?: string }, at: number): number {
  const expression = CronExpressionParser.parse(when.cron, {
    currentDate: new Date(at),
    tz: when.timeZone ?? 'UTC',
  });
  return expression.next().getTime();
}
