/**
 * Commands for actors that are there, or are started by them: checked against the schemas of all kinds that
 * are hosted, and addressed to their partition.
 */
import type { z } from 'zod';
import type { Delivery, Properties } from '../ports/broker.ts';
import {
  addressSchema,
  groupUnpark,
  groupUnparkSchema,
  requestCreate,
  requestRetry,
} from '../protocol/commands.ts';
import { checkId } from '../protocol/envelope.ts';
import { PermanentError } from '../protocol/errors.ts';
import { checkRequestId } from '../protocol/requestId.ts';
import type { AskedCommand } from './authorise.ts';
import { chainAddress } from './creates.ts';
import { checkReplyTo, fit, parseBody, replyFields, scopedId } from './decode.ts';
import { didYouMean } from './suggest.ts';

/** What is known of a kind of actor here. */
export type Kind = { kind: string; accepts: Readonly<Record<string, z.ZodType>> };

/** A command that has been read; `properties` of what is sent on, but for the time. */
export type Command = {
  asked: AskedCommand;
  properties: Omit<Properties, 'timestamp'>;
  body: string;
};

/** Kinds by the message types that may come from outside. */
export type Doors = ReadonlyMap<string, ReadonlyMap<string, z.ZodType>>;

/** `chain.create` is the gateway's own, `attempt.*` are workers', `outbox.*` groups'. */
function isPublic(type: string): boolean {
  return type !== 'chain.create' && !/^(attempt|outbox)\./.test(type);
}

export function doorsOf(kinds: readonly Kind[]): Doors {
  const doors = new Map<string, Map<string, z.ZodType>>();
  for (const { kind, accepts } of kinds) {
    for (const [type, schema] of Object.entries(accepts).filter(([each]) => isPublic(each))) {
      const door = doors.get(type) ?? new Map<string, z.ZodType>();
      doors.set(type, door.set(kind, schema));
    }
  }
  return doors.set(groupUnpark, new Map([['chain', groupUnparkSchema]]));
}

/** Throws MillraceError `rejected`. `newId` names a command that its publisher has given no id. */
export function decodeCommand(delivery: Delivery, doors: Doors, newId: () => string): Command {
  const { properties, routingKey: type } = delivery;
  checkReplyTo(properties);
  const door = doors.get(type);
  if (door === undefined) throw new PermanentError(unknown(type, doors));
  const { group, to, body } = addressed(delivery, door);
  const kind = to.slice(0, to.indexOf('/'));
  const schema = door.get(kind) ?? (type === groupUnpark ? groupUnparkSchema : undefined);
  if (schema === undefined) {
    const takers = [...door.keys()].join(', ');
    throw new PermanentError(`no actor of kind "${kind}" takes "${type}" here; ${takers} does`);
  }
  fit(schema, body, type);
  const { userId: principal } = properties;
  return {
    asked: { type, group, to, body },
    properties: {
      messageId: scopedId(properties) ?? newId(),
      type,
      ...replyFields(properties),
      headers: { group, to, ...(principal !== undefined && { from: principal }) },
    },
    body: JSON.stringify(body),
  };
}

function unknown(type: string, doors: Doors): string {
  const types = [requestCreate, requestRetry, ...doors.keys()];
  const known = `there ${types.length === 1 ? 'is' : 'are'} ${types.join(', ')}`;
  return `no actor takes the routing key "${type}"${didYouMean(type, types)}; ${known}`;
}

type Addressed = { group: string; to: string; body: Record<string, unknown> };

/** Headers go first, so that a body may have fields of these names. */
function addressed(delivery: Delivery, door: ReadonlyMap<string, unknown>): Addressed {
  const { headers = {} } = delivery.properties;
  const whole = parseBody(delivery);
  const { group, to } = headers;
  if (group !== undefined) return checked({ group, to: to ?? mainOf(door), body: whole });
  const { requestId, address } = fit(addressSchema, whole, delivery.routingKey);
  const { requestId: _id, address: _address, ...body } = whole;
  if (address !== undefined) {
    const [own = '', ...rest] = address.split('/');
    return checked({ group: own, to: rest.join('/'), body });
  }
  if (requestId !== undefined) return checked({ group: requestId, to: to ?? mainOf(door), body });
  throw new PermanentError(
    `"${delivery.routingKey}" does not say whom it is for; give the headers "group" and "to", or "requestId" or "address" in the body`,
  );
}

/** The actor that is meant when only its group is named: its kind's `main`, where one kind alone takes it. */
function mainOf(door: ReadonlyMap<string, unknown>): string {
  if (door.has('chain')) return chainAddress;
  const [kind = '', ...others] = door.keys();
  if (others.length === 0) return `${kind}/main`;
  const kinds = [kind, ...others].join(', ');
  throw new PermanentError(`several kinds take this (${kinds}); name the actor, "to": "kind/id"`);
}

function checked({ group, to, body }: Addressed): Addressed {
  if (!/^[^/\s]+\/[^/\s]+$/.test(to)) throw new PermanentError(`"${to}" is no actor: kind/id`);
  checkRequestId(group);
  checkId(to);
  return { group, to, body };
}
