/** Questions of an actor's own, `queries` in its definition: answered from its group as it is committed. */
import { didYouMean } from './gateway/suggest.ts';
import { MillraceError, messageOf } from './protocol/errors.ts';
import { groupOf, insideOf } from './runtime/outbox.ts';
import type { Resident } from './runtime/parking.ts';
import { kindOf } from './runtime/registry.ts';
import type { Registry } from './runtime/registry.ts';

export type Question = {
  /** `kind/id` in the group; default: the actor that the group began with. */
  of?: string;
  name: string;
  args?: unknown;
};

/** `group`, or `group/kind/id`. */
export function partsOf(address: string): { group: string; of?: string } {
  if (!address.includes('/')) return { group: address };
  return { group: groupOf(address), of: insideOf(address) };
}

/** The answer as JSON. Rejects with MillraceError `not-found` or, when the actor's query throws, `state`. */
export function answerQuery(
  registry: Registry,
  { group, parked, isBroken }: Resident,
  { of = group.root, name, args }: Question,
): unknown {
  const where = `actor "${of}" of "${group.id}"`;
  if (isBroken === true)
    throw new MillraceError('state', `${where} cannot be followed: ${parked ?? ''}`);
  const snapshot = group.actors.get(of);
  if (snapshot === undefined) {
    const hint = didYouMean(of, group.actors.keys());
    throw new MillraceError('not-found', `there is no ${where}${hint}`);
  }
  const { queries = {} } = registry.kind(kindOf(of)).definition;
  const query = Object.hasOwn(queries, name) ? queries[name] : undefined;
  if (query === undefined) {
    const names = Object.keys(queries);
    const known = names.length === 0 ? 'it knows none' : `it knows ${names.join(', ')}`;
    const hint = didYouMean(name, names);
    throw new MillraceError('not-found', `${where} knows no query "${name}"${hint}; ${known}`);
  }
  try {
    return JSON.parse(JSON.stringify(query(snapshot, args) ?? null)) as unknown;
  } catch (cause) {
    const message = `the query "${name}" of ${where} threw: ${messageOf(cause)}`;
    throw new MillraceError('state', message, { cause });
  }
}
