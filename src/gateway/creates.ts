/**
 * What asks for a new chain, `request.create` and `request.retry`, → `chain.create`: decoded, given its id, planned.
 * The same message always becomes the same create, so that its second coming is a duplicate for the host.
 */
import type { ChainDefinition, JobDefinition } from '../definitions.ts';
import type { Blobs } from '../ports/blobs.ts';
import type { Delivery, Properties } from '../ports/broker.ts';
import { requestCreate, requestCreateChild, requestCreateSchema } from '../protocol/commands.ts';
import { requestRetry, requestRetrySchema } from '../protocol/commands.ts';
import { PermanentError } from '../protocol/errors.ts';
import { sha256 } from '../protocol/hash.ts';
import { checkRequestId } from '../protocol/requestId.ts';
import { planAsked } from './asked.ts';
import type { AskedCommand } from './authorise.ts';
import { checkReplyTo, fit, parseBody, replyFields, scopedId } from './decode.ts';
import { planRetry } from './retries.ts';
import type { Ended } from './retries.ts';

/** Where every request's chain is (actors/chain.ts). */
export const chainAddress = 'chain/main';

export type PlanOptions = {
  chains: readonly ChainDefinition[];
  /** By type. */
  jobs: ReadonlyMap<string, JobDefinition>;
  blobs: Blobs;
  /** A request that is suspended for longer fails; default: never. */
  suspendedTtlMs?: number | undefined;
  /** Whether a request is there already. */
  exists(requestId: string): Promise<boolean>;
  /** Rejects with MillraceError `not-found`, or `state` for one that has not ended or cannot be read. */
  ended(requestId: string): Promise<Ended>;
};

/** A message that asks for a new chain and has been read; nothing is planned yet. */
export type Create = {
  /** Of the new request. */
  requestId: string;
  principal?: string;
  /** Who waits for it. */
  parent?: string;
  /** What whoever asks must be allowed to do. */
  asked: AskedCommand;
  /** Of `chain.create`, but for the time. */
  properties: Omit<Properties, 'timestamp'>;
  /** Body of `chain.create`. Rejects with MillraceError `plan`, and for a retry `not-found` or `state`. */
  plan(options: PlanOptions): Promise<string>;
};

/** Throws MillraceError `rejected`. */
export function decodeCreate(delivery: Delivery): Create {
  checkReplyTo(delivery.properties);
  return delivery.routingKey === requestRetry ? retryOf(delivery) : createOf(delivery);
}

function createOf(delivery: Delivery): Create {
  const { properties, routingKey } = delivery;
  const body = fit(requestCreateSchema, parseBody(delivery), requestCreate);
  const { requestType, args = {}, texts, labels, parent } = body;
  if (routingKey === requestCreateChild && parent === undefined)
    throw new PermanentError(`"${requestCreateChild}" names no parent; send "${requestCreate}"`);
  const requestId = body.requestId ?? idOf(properties, requestCreate);
  const given = { user: body.user ?? properties.userId, labels, parent };
  return {
    ...common(properties, requestId),
    ...(parent !== undefined && { parent }),
    asked: {
      type: requestCreate,
      group: requestId,
      to: chainAddress,
      body: { ...body, args, requestId },
    },
    plan: (options) =>
      unlessThere(requestId, options, { requestType, ...given }, async () => ({
        ...(await planAsked(
          { chain: requestType, args, ...(texts !== undefined && { texts }) },
          options,
        )),
        ...given,
      })),
  };
}

function retryOf(delivery: Delivery): Create {
  const { properties } = delivery;
  const body = fit(requestRetrySchema, parseBody(delivery), requestRetry);
  const { requestId: of, newRequestId, from, set, texts, labels } = body;
  const requestId = newRequestId ?? idOf(properties, requestRetry);
  const user = body.user ?? properties.userId;
  const given = { ...(user !== undefined && { user }), ...(labels !== undefined && { labels }) };
  checkRequestId(of);
  return {
    ...common(properties, requestId),
    asked: { type: requestRetry, group: of, to: chainAddress, body: { ...body, requestId: of } },
    plan: (options) =>
      unlessThere(requestId, options, { requestType: '', ...given }, async () => ({
        ...(await planRetry({ of, from, set, texts }, options)),
        ...given,
      })),
  };
}

function common(properties: Properties, requestId: string) {
  checkRequestId(requestId);
  const { userId: principal } = properties;
  return {
    requestId,
    ...(principal !== undefined && { principal }),
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
function idOf({ messageId, userId = '' }: Properties, type: string): string {
  if (messageId === '') {
    const what = type === requestRetry ? 'newRequestId' : 'requestId';
    const remedy = 'give one, so that the same message sent twice makes one request';
    throw new PermanentError(`"${type}" has neither ${what} nor messageId; ${remedy}`);
  }
  const hash = sha256(JSON.stringify([userId, messageId]));
  return BigInt(`0x${hash.slice(0, 32)}`)
    .toString(32)
    .padStart(26, '0');
}

/** The planned body; of a request that is there, one that nobody steps. */
async function unlessThere(
  requestId: string,
  { exists }: PlanOptions,
  given: object,
  plan: () => Promise<object>,
): Promise<string> {
  try {
    return JSON.stringify(await plan());
  } catch (thrown) {
    // Planned before, and what planning reads has changed: the answer is the first one's.
    if (!(await exists(requestId))) throw thrown;
    return JSON.stringify({
      plan: { jobs: [], sequences: [], maxStarted: 1 },
      args: null,
      ...given,
    });
  }
}
