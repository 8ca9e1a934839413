/**
 * Who may do what with a request of a type: the rule alone (specification, section 10). `authority.ts` asks
 * it; the lists are those of request specs and of `defineChain`.
 */
import { MillraceError } from '../protocol/errors.ts';

/** A role, and what it may do: everything, or the named ops. */
export type AclEntry = {
  role: string;
  /** May do everything; leaves `ops` out. */
  admin?: boolean;
  /** `start`, `stop`, `suspend`, `resume`, `retry`, `unpark`. */
  ops?: readonly string[];
};

/** Who asks. */
export type Caller = {
  /** For people; empty where nobody has to say who he is. */
  readonly name: string;
  readonly roles: readonly string[];
};

export type Rules = {
  /** Whoever has one of these may do everything. */
  adminRoles: readonly string[];
  /** A request without a list is for these alone; else for everybody. */
  strict: boolean;
};

type Question = {
  caller: Caller;
  op: string;
  /** Of the request. */
  type: string;
  /** Undefined when there is no such type. */
  acl: readonly AclEntry[] | undefined;
  rules: Rules;
};

/** `ask`: the list allows it, and the deployment's own `authorise` has the last word. */
export type Verdict = { is: 'allowed' } | { is: 'ask' } | { is: 'denied'; why: string };

const allowed: Verdict = { is: 'allowed' };

/** The verdict on one question. Roles are compared to the letter. */
export function judge({ caller, op, type, acl, rules }: Question): Verdict {
  const has = (role: string): boolean => caller.roles.includes(role);
  if (rules.adminRoles.some(has)) return allowed;
  if (acl === undefined) return denied(`there is no request type "${type}"`);
  if (acl.length === 0) {
    if (!rules.strict) return allowed;
    return denied(`"${type}" has no acl and auth is strict, so that it takes an admin role`);
  }
  const own = acl.filter(({ role }) => has(role));
  if (own.some(({ admin, ops }) => admin === true || ops?.includes(op))) return { is: 'ask' };
  const takers = acl.filter(({ admin, ops }) => admin === true || ops?.includes(op));
  const roles = takers.length === 0 ? 'an admin role' : listed(takers.map(({ role }) => role));
  const who = caller.name === '' ? 'a caller without a name' : `"${caller.name}"`;
  const theirs = caller.roles.length === 0 ? 'no role' : listed(caller.roles);
  return denied(`to ${op} "${type}" takes ${roles}; ${who} has ${theirs}`);
}

function denied(why: string): Verdict {
  return { is: 'denied', why };
}

function listed(roles: readonly string[]): string {
  return `${roles.length === 1 ? 'the role' : 'one of the roles'} ${roles.join(', ')}`;
}

/** What the checks of request specs say of a list (specification, section 4), of one in code. Throws MillraceError `definition`. */
export function checkAcl(type: string, acl: readonly AclEntry[]): void {
  const refuse = (what: string): never => {
    throw new MillraceError('definition', `the acl of chain "${type}" ${what}`);
  };
  const roles = acl.map(({ role }) => role);
  if (roles.some((role) => typeof role !== 'string' || role === ''))
    refuse('has an entry without a role; name one');
  const twin = roles.find((role, place) => roles.indexOf(role) !== place);
  if (twin !== undefined) refuse(`names the role "${twin}" twice; join the entries`);
  const both = acl.find(({ admin, ops = [] }) => admin === true && ops.length > 0);
  if (both !== undefined) refuse(`gives "${both.role}" admin and ops; an admin needs no ops`);
}
