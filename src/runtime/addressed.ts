/** What a message says to its actor: the event as the actor's schema reads it, or why it can never be one. */
import type { z } from 'zod';
import type { Address } from '../protocol/envelope.ts';
import { MillraceError, PermanentError } from '../protocol/errors.ts';
import type { ActorEvent } from './actor.ts';
import { depthProblem } from '../protocol/json.ts';
import { withChunksInPlace } from './bodies.ts';
import type { Group } from './group.ts';
import type { Incoming } from './incoming.ts';
import { kindOf } from './registry.ts';
import type { Registry } from './registry.ts';

/** The event for an actor that is there or is started by it; throws MillraceError otherwise. */
export function eventFor(registry: Registry, group: Group, message: Incoming): ActorEvent {
  const { to, type } = message;
  const { accepts, startedBy } = registry.kind(kindOf(to)).definition;
  const schema = Object.hasOwn(accepts, type) ? accepts[type] : undefined;
  if (schema === undefined) {
    const accepted = Object.keys(accepts).join(', ');
    throw new PermanentError(`actor "${to}" does not accept "${type}"; it accepts ${accepted}`);
  }
  if (!group.actors.has(to) && !startedBy.includes(type)) refuseAbsent(group, to, startedBy);
  const body = withChunksInPlace(registry, message, fit(schema, message));
  // What the host gives to an event is not for a sender to say.
  const { from: _from, replyTo: _replyTo, ...said } = body;
  return { ...said, type };
}

function refuseAbsent(group: Group, to: Address, startedBy: readonly string[]): never {
  const isThere = group.root !== '';
  const what = isThere ? `has no actor "${to}"` : 'does not exist in this store';
  const remedy = isThere ? `; one is started by ${startedBy.join(' or ')}` : '';
  throw new MillraceError('not-found', `request "${group.id}" ${what}${remedy}`);
}

/** The parsed JSON; throws PermanentError. */
export function parse(message: Incoming): unknown {
  const { type, group, body = '{}' } = message;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new PermanentError(`the body of "${type}" for ${group} is no JSON`, { cause });
  }
  const problem = depthProblem(body, value);
  if (problem !== undefined) throw new PermanentError(`"${type}" for ${group}: ${problem}`);
  return value;
}

/** The body as its schema reads it; throws PermanentError naming every misfit. */
export function fit<T extends object>(
  schema: z.ZodType<T> | z.ZodType,
  message: Incoming,
): T & Record<string, unknown> {
  const parsed = schema.safeParse(parse(message));
  if (parsed.success) return parsed.data as T & Record<string, unknown>;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`,
  );
  throw new PermanentError(
    `"${message.type}" for ${message.group} does not fit: ${problems.join('; ')}`,
  );
}
