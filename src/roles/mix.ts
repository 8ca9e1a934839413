/** Which broker and store go with which roles in one process; what does not go is refused with its remedy. Pure. */
import type { Config, Role } from '../config.ts';
import { MillraceError } from '../protocol/errors.ts';

export type Mix = {
  broker: 'rabbitmq' | 'in-process';
  store: 'mongodb' | 'sqlite';
  /** Some role of this process reads or writes the store. */
  needsStore: boolean;
  /** One process hosts, and locks the data folder. */
  isLocked: boolean;
  has(role: Role): boolean;
};

type Asked = Pick<Config, 'amqpUrl' | 'mongodbUrl' | 'roles' | 'api'>;

/** The roles that a deployment has at least once. */
const needed: readonly Role[] = ['gateway', 'host', 'worker', 'tracker'];

/** Throws MillraceError `config` when these roles cannot do their work over this broker and store. */
export function mixOf({ amqpUrl, mongodbUrl, roles: asked, api }: Asked): Mix {
  // Without a port there is nothing to do for it.
  const roles = api === undefined ? asked.filter((role) => role !== 'api') : asked;
  const has = (role: Role): boolean => roles.includes(role);
  const broker = amqpUrl === undefined ? 'in-process' : 'rabbitmq';
  const store = mongodbUrl === undefined ? 'sqlite' : 'mongodb';
  if (roles.length === 0)
    throw refusal(
      'roles: api has nothing to do without a port',
      'set api: { port }, or --api PORT',
    );
  if (broker === 'in-process') refuseApart(roles);
  else if (store === 'sqlite') refuseBesideSqlite(roles);
  const isLocked = broker === 'in-process' || (store === 'sqlite' && has('host'));
  const needsStore = roles.some((role) => role !== 'worker');
  return { broker, store, needsStore, isLocked, has };
}

/** A broker inside this process reaches no other. */
function refuseApart(roles: readonly Role[]): void {
  const missing = needed.filter((role) => !roles.includes(role));
  if (missing.length === 0) return;
  throw refusal(
    `roles: ${roles.join(',')} without ${missing.join(', ')} needs a broker that other processes reach`,
    'name one by MILLRACE_AMQP_URL, or leave the roles out to have all in one process',
  );
}

/** A SQLite file is one process's: the gateway stores plans in it, the tracker is a thread beside the host, the API reads what that writes. */
function refuseBesideSqlite(roles: readonly Role[]): void {
  const apart = roles.filter((role) => role !== 'host' && role !== 'worker');
  if (apart.length === 0 || roles.includes('host')) return;
  throw refusal(
    `roles: ${apart.join(', ')} without host needs a store that other processes reach`,
    'name one by MILLRACE_MONGODB_URL, or let the process with the role host have them',
  );
}

function refusal(what: string, remedy: string): MillraceError {
  return new MillraceError('config', `${what}; ${remedy}`);
}
