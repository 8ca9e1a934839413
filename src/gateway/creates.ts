/**
 * `request.create` → `chain.create`: decoded, given its id, planned. The same message always becomes the same
 * create, so that its second coming is a duplicate for the host.
 */
import type { ChainDefinition, JobDefinition } from '../definitions.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Delivery, Properties } from '../ports/broker.ts';
import { requestCreate, requestCreateChild, requestCreateSchema } from '../protocol/commands.ts';
import type { RequestCreate } from '../protocol/commands.ts';
import { PermanentError } from '../protocol/errors.ts';
import { sha256 } from '../protocol/hash.ts';
import { checkRequestId } from '../protocol/requestId.ts';
import { planAsked } from './asked.ts';
import { checkReplyTo, fit, parseBody, replyFields, scopedId } from './decode.ts';

/** Where every request's chain is (actors/chain.ts). */
export const chainAddress = 'chain/main';

/** A create that has been read; nothing is planned yet. */
export type Create = Omit<RequestCreate, 'requestId'> & {
  requestId: string;
  principal?: string;
  /** Of `chain.create`, but for the time. */
  properties: Omit<Properties, 'timestamp'>;
};

/** Throws MillraceError `rejected` or `plan`. */
export function decodeCreate(delivery: Delivery): Create {
  const { properties, routingKey } = delivery;
  checkReplyTo(properties);
  const asked = fit(requestCreateSchema, parseBody(delivery), requestCreate);
  if (routingKey === requestCreateChild && asked.parent === undefined)
    throw new PermanentError(`"${requestCreateChild}" names no parent; send "${requestCreate}"`);
  const requestId = asked.requestId ?? idOf(properties);
  checkRequestId(requestId);
  const { userId: principal } = properties;
  return {
    ...asked,
    args: asked.args ?? {},
    requestId,
    ...(principal !== undefined && { principal, user: asked.user ?? principal }),
    properties: {
      messageId: scopedId(properties) ?? `${requestId}/create`,
      type: 'chain.create',
      ...replyFields(properties),
      headers: {
        group: requestId,
        to: chainAddress,
        ...(principal !== undefined && { from: principal }),
      },
    },
  };
}

/** Looks like the ids that we make: 26 digits and letters. */
function idOf({ messageId, userId = '' }: Properties): string {
  if (messageId === '') {
    const remedy = 'give one, so that the same message sent twice makes one request';
    throw new PermanentError(`"${requestCreate}" has neither requestId nor messageId; ${remedy}`);
  }
  const hash = sha256(JSON.stringify([userId, messageId]));
  return BigInt(`0x${hash.slice(0, 32)}`)
    .toString(32)
    .padStart(26, '0');
}

export type PlanOptions = {
  chains: readonly ChainDefinition[];
  /** By type. */
  jobs: ReadonlyMap<string, JobDefinition>;
  blobs: Blobs;
  /** Whether a request is there already. */
  exists(requestId: string): Promise<boolean>;
};

/** Body of `chain.create`. Rejects with MillraceError `plan`. */
export async function planCreate(create: Create, options: PlanOptions): Promise<string> {
  const { requestType, args, texts, user, labels, parent, requestId } = create;
  const given = { user, labels, parent };
  try {
    const planned = await planAsked(
      { chain: requestType, args, ...(texts !== undefined && { texts }) },
      options,
    );
    return JSON.stringify({ ...planned, ...given });
  } catch (thrown) {
    // Planned before, and what planning reads has changed: nobody steps this plan, the answer is the first one's.
    if (!(await options.exists(requestId))) throw thrown;
    const plan = { jobs: [], sequences: [], maxStarted: 1 };
    return JSON.stringify({ plan, requestType, args: null, ...given });
  }
}
