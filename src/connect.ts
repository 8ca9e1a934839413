/** Composition root of a client in another process than the host's: a link over the control socket, a reader beside it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import { toConfig } from './config.ts';
import type { Config } from './config.ts';
import { Caller, isUnavailable } from './control/caller.ts';
import { askHost, createRemoteLink } from './control/remoteLink.ts';
import { socketName } from './control/socketPath.ts';
import type { HostInfo } from './control/wire.ts';
import type { Link } from './link.ts';
import { newId } from './newId.ts';
import { openReader } from './openReader.ts';

export type ConnectOptions = {
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

/** Reaches the process that hosts a data folder. Rejects with MillraceError `unavailable` when none does. */
export async function connect(options: ConnectOptions = {}): Promise<RemoteClient> {
  const { data, socket, patienceMs } = options;
  const config = toConfig(data === undefined ? {} : { data }, 'connect');
  const { client, close } = await openConnection(config, { socket, patienceMs });
  return { ...client, close };
}

/** A client, and the link and the host that it speaks to. */
export type Connection = {
  client: Client;
  link: Link;
  host: HostInfo;
  close(): Promise<void>;
};

type ConnectionOptions = { socket?: string | undefined; patienceMs?: number | undefined };

/** For a configuration instead of a folder: its actors can be read of, too. */
export async function openConnection(
  config: Config,
  { socket = socketOf(config), patienceMs = 30_000 }: ConnectionOptions = {},
): Promise<Connection> {
  const caller = new Caller({ socket, patienceMs });
  try {
    const host = await askHost(caller);
    const reader = openReader({ ...config, data: host.data });
    const link = createRemoteLink(caller, { reader, newId });
    const close = async (): Promise<void> => {
      link.close();
      await reader.close();
    };
    return { client: createClient(link), link, host, close };
  } catch (thrown) {
    caller.close();
    throw thrown;
  }
}

/** A host answers sooner, unless it is held or has much to do. */
const answerWithinMs = 2000;

/** Who hosts a data folder; nothing when no process does. */
export async function hostOf(config: Config): Promise<{ pid: number } | undefined> {
  const caller = new Caller({ socket: socketOf(config), patienceMs: 0 });
  const silent = AbortSignal.timeout(answerWithinMs);
  silent.addEventListener('abort', () => caller.close());
  try {
    return await askHost(caller);
  } catch (thrown) {
    if (silent.aborted) return { pid: Number(readFileSync(join(config.data, 'host.pid'), 'utf8')) };
    if (isUnavailable(thrown)) return undefined;
    throw thrown;
  } finally {
    caller.close();
  }
}

function socketOf({ data }: Config): string {
  return join(data, socketName);
}
