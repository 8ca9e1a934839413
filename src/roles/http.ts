/** What every process with a port answers over HTTP: `/healthz`, `/readyz` and `/metrics`. Nothing here changes anything. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import type { Health } from './health.ts';

export type Place = { host: string; port: number };

type Answers = {
  health: Health;
  /** In Prometheus's text format. */
  metrics(): Promise<{ type: string; text: string }>;
};

type Answer = { status: number; type: string; text: string };

/** Listens until `close`. Rejects with MillraceError `config` where it cannot. */
export async function listenForProbes(
  place: Place,
  answers: Answers,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => void respond(answers, request, response));
  await listen(server, place);
  const { port } = server.address() as AddressInfo;
  const host = place.host.includes(':') ? `[${place.host}]` : place.host;
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, { host, port }: Place): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
  } catch (cause) {
    const message = `http: cannot listen on ${host}:${port} (${messageOf(cause)}); name another port`;
    throw new MillraceError('config', message, { cause });
  }
}

async function respond(
  answers: Answers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, type, text } = await answerTo(answers, request).catch((thrown: unknown) =>
    json(500, { error: messageOf(thrown) }),
  );
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : text);
}

async function answerTo({ health, metrics }: Answers, request: IncomingMessage): Promise<Answer> {
  const { method = 'GET', url = '/' } = request;
  if (method !== 'GET' && method !== 'HEAD') return json(405, { error: 'only GET and HEAD' });
  switch (url.replace(/\?.*$/, '')) {
    case '/healthz':
      return json(200, { alive: true, pid: process.pid });
    case '/readyz': {
      const reasons = await health.reasons();
      return json(reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
    }
    case '/metrics':
      return { status: 200, ...(await metrics()) };
    default:
      return json(404, { error: 'there are /healthz, /readyz and /metrics' });
  }
}

function json(status: number, body: object): Answer {
  return { status, type: 'application/json; charset=utf-8', text: `${JSON.stringify(body)}\n` };
}
