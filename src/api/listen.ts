/** Answers the API on a port until it is closed; who follows a request is sent home then. */
import type { AddressInfo } from 'node:net';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import { createApi } from './app.ts';
import type { ApiTarget } from './target.ts';

/** What is being answered when the process stops may take so long, in milliseconds. */
const graceMs = 5000;

type Place = { host: string; port: number };

/** Rejects with MillraceError `config` where it cannot listen. */
export async function listenForRequests(
  { host, port }: Place,
  target: ApiTarget,
): Promise<{ url: string; close(): Promise<void> }> {
  const { app, refuse } = createApi(target);
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const message = `api: cannot listen on ${host}:${port} (${messageOf(cause)}); name another port`;
    throw new MillraceError('config', message, { cause });
  }
  const { port: taken } = app.server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${name}:${taken}`,
    async close() {
      refuse();
      const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
      await app.close();
      clearTimeout(cut);
    },
  };
}
