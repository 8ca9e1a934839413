/** The name of an attempt's start, by which groups and workers know it. */
import type { AttemptRow } from './obligations.ts';

/** `request/actor/key/attempt`: the same whenever the same attempt is sent. */
export function startIdOf(group: string, row: AttemptRow): string {
  return `${group}/${row.actor}/${row.key}/${row.job.attempt}`;
}
