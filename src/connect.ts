/**
 * Composition root of a client in another process than the host's: a link over the control socket, a reader
 * beside it. A deployment of many processes is reached over its broker instead.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import { isCluster, toConfig } from './config.ts';
import type { Config, MillraceOptions } from './config.ts';
import { Caller, isUnavailable } from './control/caller.ts';
import { askHost, createRemoteLink } from './control/remoteLink.ts';
import { socketName } from './control/socketPath.ts';
import type { HostInfo } from './control/wire.ts';
import type { Link } from './link.ts';
import { newId } from './newId.ts';
import { openReader } from './openReader.ts';

export type ConnectOptions = Pick<MillraceOptions, 'amqpUrl' | 'mongodbUrl' | 'prefix'> & {
  /** The host's data folder; default `.millrace` in the working directory. */
  data?: string;
  /** Its control socket, when that is known rather than the folder. */
  socket?: string;
  /** How long a host that has gone away may take to come back, in milliseconds; default 30,000. */
  patienceMs?: number;
};

/** A client of a host in another process. Its process ends by itself only after `close`. */
export type RemoteClient = Client & {
  close(): Promise<void>;
};

/**
 * Reaches the process that hosts a data folder, or the deployment that MILLRACE_AMQP_URL and
 * MILLRACE_MONGODB_URL, or the options, name. Rejects with MillraceError `unavailable` when nobody answers.
 */
export async function connect(options: ConnectOptions = {}): Promise<RemoteClient> {
  const { socket, patienceMs, ...given } = options;
  const config = toConfig(given, 'connect');
  const { client, close } = await openConnection(config, { socket, patienceMs });
  return { ...client, close };
}

/** A client, and the link and whom it speaks to. */
export type Connection = {
  client: Client;
  link: Link;
  /** The one process that hosts; undefined where there may be many. */
  host?: HostInfo;
  /** For people: `process 123`, or which cluster. */
  place: string;
  close(): Promise<void>;
};

type ConnectionOptions = { socket?: string | undefined; patienceMs?: number | undefined };

/** For a configuration instead of a folder: its actors can be read of, too. */
export async function openConnection(
  config: Config,
  { socket, patienceMs = 30_000 }: ConnectionOptions = {},
): Promise<Connection> {
  if (socket === undefined && isCluster(config))
    return (await import('./connectCluster.ts')).openClusterConnection(config, patienceMs);
  return openSocketConnection(config, { socket: socket ?? socketOf(config), patienceMs });
}

async function openSocketConnection(
  config: Config,
  { socket, patienceMs }: { socket: string; patienceMs: number },
): Promise<Connection> {
  const caller = new Caller({ socket, patienceMs });
  try {
    const host = await askHost(caller);
    const reader = await openReader({ ...config, data: host.data });
    const link = createRemoteLink(caller, { reader, newId });
    const close = async (): Promise<void> => {
      link.close();
      await reader.close();
    };
    return { client: createClient(link), link, host, place: `process ${host.pid}`, close };
  } catch (thrown) {
    caller.close();
    throw thrown;
  }
}

/** A host answers sooner, unless it is held or has much to do. */
const answerWithinMs = 2000;

/** Who hosts, for people: `name` is `process 123`, or names the hosts of a cluster. */
export type Hosted = { name: string; pid?: number };

/** Who hosts just now; nothing when no process does. */
export async function hostOf(config: Config): Promise<Hosted | undefined> {
  if (isCluster(config)) {
    const names = await (await import('./connectCluster.ts')).aliveHosts(config);
    return names.length === 0 ? undefined : { name: names.join(', ') };
  }
  const pid = await pidOf(config);
  return pid === undefined ? undefined : { name: `process ${pid}`, pid };
}

async function pidOf(config: Config): Promise<number | undefined> {
  const caller = new Caller({ socket: socketOf(config), patienceMs: 0 });
  const silent = AbortSignal.timeout(answerWithinMs);
  silent.addEventListener('abort', () => caller.close());
  try {
    return (await askHost(caller)).pid;
  } catch (thrown) {
    if (silent.aborted) return Number(readFileSync(join(config.data, 'host.pid'), 'utf8'));
    if (isUnavailable(thrown)) return undefined;
    throw thrown;
  } finally {
    caller.close();
  }
}

function socketOf({ data }: Config): string {
  return join(data, socketName);
}
