/** A node of a request spec in a few words, for tables and graphs. */
import type { NodeSpec } from '../spec/types.ts';

/** `job stop-host`, `if env: production → careful, default → quick` */
export function whatItDoes({ category, type, if: arg, eq, command }: NodeSpec): string {
  if (category === 'conditional') {
    return `if ${arg ?? ''}: ${[...eq].map(([value, target]) => `${value} → ${target}`).join(', ')}`;
  }
  const program = command.run[0];
  return [category, type, program].flatMap((word) => word ?? []).join(' ');
}

/** `hosts:host, 4 at a time` */
export function eachText({ each, parallel }: NodeSpec): string {
  const lists = each.map(({ text }) => text).join(', ');
  return parallel === undefined ? lists : `${lists}, ${parallel} at a time`;
}
