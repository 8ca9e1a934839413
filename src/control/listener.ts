/**
 * The host's end of the control socket. It listens as soon as the folder is ours, answers once the host
 * has started, and loads what it answers with when somebody first asks: a host that nobody asks pays nothing.
 */
import { chmod, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { ControlTarget } from './app.ts';
import { problem, problemType } from './problems.ts';
import { withAddress } from './socketPath.ts';

export type ControlSocket = {
  /** What has been asked so far, and all from now on, is answered by the host. */
  open(target: ControlTarget): void;
  /** From now on everything is refused: the host stops. */
  refuse(): void;
  /** Takes the socket away. */
  close(): Promise<void>;
};

/** For the holder of the folder's lock alone: a socket that a killed host has left there is replaced. */
export async function listenForControl(socket: string, log: Logger): Promise<ControlSocket> {
  let isStopping = false;
  let answers: Promise<RequestListener> | undefined;
  let onOpened: (target: ControlTarget | undefined) => void = () => undefined;
  const opened = new Promise<ControlTarget | undefined>((resolve) => (onOpened = resolve));

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = await opened;
    if (target === undefined || isStopping) {
      refuse(response);
      return;
    }
    answers ??= import('./app.ts').then(({ createApp }) => createApp(target));
    (await answers)(request, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((err: unknown) => {
      log.error({ err }, 'the control socket cannot answer');
      response.destroy();
    });
  });
  await listen(server, socket).catch((err: unknown) => {
    log.warn({ err }, 'no control socket: other processes cannot reach this host');
  });
  return {
    open(target) {
      onOpened(target);
    },
    refuse() {
      isStopping = true;
      onOpened(undefined);
    },
    async close() {
      if (!server.listening) return;
      await rm(socket, { force: true });
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, socket: string): Promise<void> {
  await rm(socket, { force: true });
  await withAddress(
    socket,
    (address) =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(address, resolve);
      }),
  );
  await chmod(socket, 0o600);
}

function refuse(response: ServerResponse): void {
  const detail = `process ${process.pid}, which hosts this folder, is stopping; ask again when it is up`;
  const body = problem(503, detail, 'unavailable');
  response.writeHead(body.status, { 'content-type': problemType, connection: 'close' });
  response.end(JSON.stringify(body));
}
