/**
 * Who asks, and whether they may: what the HTTP interface and the gateway ask before they do anything
 * (specification, section 10). Why somebody was not let in stands in the log and not in the answer.
 */
import type { Logger } from 'pino';
import type { ChainDefinition } from '../definitions.ts';
import { chainOf } from '../gateway/asked.ts';
import type { Clock } from '../ports/clock.ts';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import { judge } from './acl.ts';
import type { Caller } from './acl.ts';
import { isLoopback } from './loopback.ts';
import type { AskedRequest, AuthConfig } from './options.ts';
import { findCaller } from './tokens.ts';
import type { Found, Headers } from './tokens.ts';

export type Authority = {
  /** Who sent these headers. Rejects with MillraceError `unauthenticated`; `unavailable` when the deployment's own function does. */
  authenticate(headers: Headers): Promise<Caller>;
  /**
   * Resolves when the caller may `start`, `stop`, `suspend`, `resume`, `retry` or `unpark` such a request;
   * to read takes authentication alone. Rejects with MillraceError `forbidden`, or `plan` for a start of
   * what there is not. Ask before anything is stored.
   */
  authorise(caller: Caller, op: string, request: AskedRequest): Promise<void>;
  /** The same of an actor of a user's own, which has no acl: where auth is strict it takes an admin role. */
  authoriseActor(caller: Caller, op: string, address: string): void;
};

type AuthorityOptions = {
  /** The list itself may change. */
  chains: readonly ChainDefinition[];
  clock: Pick<Clock, 'now'>;
  log: Logger;
};

/** Without a configuration everybody on this machine may do everything. */
export function createAuthority(
  auth: AuthConfig | undefined,
  { chains, clock, log }: AuthorityOptions,
): Authority {
  if (auth === undefined) return open(log);

  const forbid = (caller: Caller, op: string, why: string): never => {
    log.warn({ caller: caller.name, op, why }, 'forbidden');
    throw new MillraceError('forbidden', why);
  };

  return {
    async authenticate(headers) {
      const found = await identify(auth, headers, clock.now());
      if ('caller' in found) return found.caller;
      return refuse(log, found.refused, 'send the header Authorization: Bearer TOKEN');
    },
    async authorise(caller, op, request) {
      const { type } = request;
      if (op === 'start') chainOf(chains, type);
      const chain = chains.find((each) => each.type === type);
      const acl = chain && (chain.acl ?? []);
      const verdict = judge({ caller, op, type, acl, rules: auth });
      if (verdict.is === 'denied') forbid(caller, op, verdict.why);
      if (verdict.is !== 'ask' || auth.authorise === undefined) return;
      try {
        if ((await auth.authorise(caller, op, request)) !== false) return;
      } catch (thrown) {
        if (isUnavailable(thrown)) throw thrown;
        forbid(caller, op, messageOf(thrown));
      }
      forbid(caller, op, `"${caller.name}" may not ${op} this "${type}"`);
    },
    authoriseActor(caller, op, address) {
      const verdict = judge({ caller, op, type: address, acl: [], rules: auth });
      if (verdict.is === 'denied') forbid(caller, op, verdict.why);
    },
  };
}

/** A page in a browser can reach loopback by a name of its own; then the name says so. */
function open(log: Logger): Authority {
  return {
    async authenticate({ host }) {
      if (isLoopback(hostName(host))) return { name: '', roles: [] };
      const why = `no auth is configured, and it was asked for by another name than this machine's`;
      return refuse(log, why, 'ask by 127.0.0.1 or localhost, or configure auth');
    },
    authorise: () => Promise.resolve(),
    authoriseActor: () => undefined,
  };
}

/** Without the port. */
function hostName(host: string | string[] | undefined): string {
  return String(host ?? '').replace(/:\d+$/, '');
}

async function identify(auth: AuthConfig, headers: Headers, now: number): Promise<Found> {
  if (auth.authenticate === undefined) return findCaller(auth.tokens, headers, now);
  try {
    const caller: unknown = await auth.authenticate(headers);
    if (isCaller(caller)) return { caller: { name: caller.name, roles: [...caller.roles] } };
    if (caller === undefined || caller === null) return { refused: 'authenticate knows nobody' };
    return { refused: 'authenticate must answer with { name, roles }, texts, or with nothing' };
  } catch (thrown) {
    if (isUnavailable(thrown)) throw thrown;
    return { refused: `authenticate threw: ${messageOf(thrown)}` };
  }
}

function isCaller(value: unknown): value is Caller {
  const { name, roles } = Object(value) as Partial<Record<keyof Caller, unknown>>;
  const isText = (each: unknown): boolean => typeof each === 'string';
  return isText(name) && Array.isArray(roles) && roles.every(isText);
}

function isUnavailable(thrown: unknown): boolean {
  return thrown instanceof MillraceError && thrown.code === 'unavailable';
}

function refuse(log: Logger, why: string, remedy: string): never {
  log.warn({ why }, 'not authenticated');
  throw new MillraceError('unauthenticated', `not authenticated; ${remedy}`);
}
