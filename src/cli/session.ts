/** Whom a command speaks to: a host in this process, or the one that hosts the folder already. */
import type { Logger } from 'pino';
import type { Client } from '../client.ts';
import { isCluster } from '../config.ts';
import type { Config } from '../config.ts';
import type { Connection } from '../connect.ts';
import { MillraceError } from '../protocol/errors.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Context } from './context.ts';
import { note } from './print.ts';

export type Session = {
  client: Client;
  /** Who hosts, when that is not this process: `process 123`, `the cluster at …`. */
  hostedBy?: string;
  /** May be called twice. */
  close(): Promise<void>;
};

/** Hosts the folder; where another process does, or a cluster is configured, reaches that one. `say` is given what troubles a host here. */
export async function hostOrReach(
  context: Context,
  config: Config,
  say: (line: string) => void,
): Promise<Session> {
  if (isCluster(config)) return toSession(await context.hosting.connect(config));
  const millrace = await context.hosting.host(config, { log: await troubleLog(config, say) });
  try {
    await millrace.start();
    return { client: millrace.client, close: () => millrace.stop() };
  } catch (thrown) {
    const connection = isCode(thrown, 'locked') ? await reach(context, config) : undefined;
    if (connection === undefined) throw thrown;
    return toSession(connection);
  }
}

/** The process that hosts the folder; nothing when none does. A cluster that does not answer is an error. */
export async function reach(context: Context, config: Config): Promise<Connection | undefined> {
  try {
    return await context.hosting.connect(config);
  } catch (thrown) {
    if (isCode(thrown, 'unavailable') && !isCluster(config)) return undefined;
    throw thrown;
  }
}

export function toSession({ client, place, close }: Connection): Session {
  return { client, hostedBy: place, close };
}

/** Lets `use` speak to a session, and closes it. */
export async function within<Opened extends { close(): Promise<void> }, T>(
  opened: Opened,
  use: (opened: Opened) => Promise<T>,
): Promise<T> {
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

/** The log of a host for people, line by line; loaded here, as only who hosts needs it. */
export async function troubleLog(
  { logLevel = 'warn' }: Config,
  say: (line: string) => void = note,
): Promise<Logger> {
  return (await import('./troubles.ts')).createTroubleLog(say, logLevel);
}

export function isCode(thrown: unknown, code: ErrorCode): boolean {
  return thrown instanceof MillraceError && thrown.code === code;
}
