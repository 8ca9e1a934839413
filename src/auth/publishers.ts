/**
 * The gateway's hook: whoever publishes to `millrace.commands` is known by his login to the broker, has the
 * roles that the configuration gives it, and goes through the same lists as everybody.
 */
import type { AskedCommand, Authorise } from '../gateway/authorise.ts';
import { groupUnpark, requestCreate, requestCreateChild } from '../protocol/commands.ts';
import { MillraceError } from '../protocol/errors.ts';
import type { Caller } from './acl.ts';
import type { Authority } from './authority.ts';
import type { AuthConfig } from './options.ts';

export type PublishersOptions = {
  authority: Authority;
  users: AuthConfig['users'];
  /** The gateway's own login, which can pass the gateway by: it may do everything, unless `users` names it. */
  own: string | undefined;
  /** Of a group that exists: the type of its request, or the kind of its first actor. */
  typeOf(group: string): Promise<string | undefined>;
};

/** Of a create or a retry, which have fitted their schemas; other commands have none of it. */
type Asked = { requestType?: string; args?: unknown; set?: unknown; texts?: unknown };

/** Whether a publisher may do what he asks for. */
export function authorisePublishers({
  authority,
  users,
  own,
  typeOf,
}: PublishersOptions): Authorise {
  const callerOf = (principal: string | undefined): Caller => {
    if (principal === undefined) return { name: '', roles: [] };
    const roles = Object.hasOwn(users, principal) ? users[principal] : undefined;
    return { name: principal, roles: roles ?? [] };
  };

  return async (principal, { type, group, to, body }) => {
    if (principal !== undefined && principal === own && !Object.hasOwn(users, own)) return;
    const caller = callerOf(principal);
    const { requestType = '', args, set, texts } = body as Asked;
    const given = { requestId: group, args: args ?? set ?? texts };
    if (type === requestCreate || type === requestCreateChild)
      return authority.authorise(caller, 'start', { ...given, type: requestType });
    if (!isForRequest({ type, to }))
      return authority.authoriseActor(caller, type, `${group}/${to}`);
    const op = type.slice(type.indexOf('.') + 1);
    return authority.authorise(caller, op, { ...given, type: await known(group) });
  };

  /** What does not exist yet could be somebody's by the time its owner reads this. */
  async function known(group: string): Promise<string> {
    const type = await typeOf(group);
    if (type !== undefined) return type;
    throw new MillraceError('not-found', `there is no request "${group}" to judge this by`);
  }
}

/** Every group can be unparked, whoever of it is named. */
function isForRequest({ type, to }: Pick<AskedCommand, 'type' | 'to'>): boolean {
  return type === groupUnpark || to.startsWith('chain/');
}
