/** The API over HTTP: walks the table of routes. Loaded when a port is configured. */
import { STATUS_CODES } from 'node:http';
import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../auth/acl.ts';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import type { Answer, Asked, Route } from './ask.ts';
import { problemOf, Refusal } from './problems.ts';
import { routes } from './routes.ts';
import type { ApiTarget } from './target.ts';
import { wholeId } from './wholeId.ts';

/** An id of 200 bytes may be this long in a path. */
const maxParamLength = 600;

const versionHeader = 'x-spincycle-version';

export type Api = {
  app: FastifyInstance;
  /** From now on everything is refused, and who follows a request is sent home: the process stops. */
  refuse(): void;
};

export function createApi(target: ApiTarget): Api {
  const { maxBodyBytes: bodyLimit, version } = target;
  const app = fastify({
    // Spin Cycle's own client finds requests at `/api/v1/requests/?…`.
    ...{
      bodyLimit,
      exposeHeadRoutes: false,
      routerOptions: { maxParamLength, ignoreTrailingSlash: true },
    },
    // A path that cannot be read comes past all hooks.
    frameworkErrors({ message }, _request, reply) {
      void send(reply.header(versionHeader, version), { status: 400, json: { message } });
    },
  });
  const callers = new WeakMap<FastifyRequest, Caller>();
  const followers = new Set<() => void>();
  let isStopping = false;
  app.addHook('onRequest', async (request, reply) => {
    reply.header(versionHeader, version);
    if (isStopping) throw new Refusal(503, 'the server is shutting down; ask again when it is up');
    callers.set(request, await target.auth.authenticate(request.headers));
  });
  app.addHook('onSend', async (_request, reply) => {
    // Else whoever was answered last would hold the stop up, as its connection is kept.
    if (isStopping) reply.header('connection', 'close');
  });
  app.setErrorHandler((thrown, request, reply) => refuse(target, thrown, { request, reply }));
  app.setNotFoundHandler(({ method, url }) => {
    throw absent(method, url);
  });
  // Whatever a client calls it, a body is text until a route reads it.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.path,
      handler: async (request, reply) => {
        const caller = callers.get(request) ?? { name: '', roles: [] };
        const asked = askedOf(request, caller);
        const id = await wholeId(target.link, asked.id);
        const answer = await route.handle(target, { ...asked, id });
        const { events } = answer;
        if (events !== undefined) {
          followers.add(events.end);
          reply.raw.once('close', () => {
            followers.delete(events.end);
            events.end();
          });
        }
        return send(reply, answer);
      },
    });
  }
  return {
    app,
    refuse() {
      isStopping = true;
      for (const end of followers) end();
    },
  };
}

function askedOf({ params, url, body, headers }: FastifyRequest, caller: Caller): Asked {
  const { id = '', jobId = '' } = params as Partial<Record<'id' | 'jobId', string>>;
  const at = url.indexOf('?');
  const query = new URLSearchParams(at === -1 ? '' : url.slice(at));
  const { 'last-event-id': last } = headers;
  return {
    ...{ caller, id, jobId, query },
    body: typeof body === 'string' ? body : '',
    lastEventId: Array.isArray(last) ? last[0] : last,
  };
}

function send(reply: FastifyReply, { status, headers = {}, ...body }: Answer): FastifyReply {
  reply.code(status).headers(headers);
  if (body.events !== undefined) return reply.send(body.events.stream);
  if (body.text !== undefined) return reply.type('text/plain; charset=utf-8').send(body.text);
  if (body.json === undefined) return reply.send();
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body.json));
}

type Exchange = { request: FastifyRequest; reply: FastifyReply };

function refuse(target: ApiTarget, thrown: unknown, { request, reply }: Exchange): FastifyReply {
  const { id: requestId } = request.params as { id?: string };
  const { compatibility, log } = target;
  const {
    status,
    headers = {},
    body: json,
    isFault,
  } = problemOf(toRefusal(thrown), {
    ...{ compatibility, requestId },
  });
  if (isFault) log.error({ err: thrown }, `${request.method} ${request.url} failed`);
  return send(reply, { status, headers, json });
}

/** Fastify says with its own errors what is wrong with a request. */
function toRefusal(thrown: unknown): unknown {
  if (thrown instanceof Refusal || thrown instanceof MillraceError) return thrown;
  const { statusCode } = Object(thrown) as { statusCode?: unknown };
  const isTheirs = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  return isTheirs ? new Refusal(statusCode, messageOf(thrown)) : thrown;
}

/** 405 for a path that is there with other verbs. */
function absent(method: string, url: string): Refusal {
  const path = url.replace(/\/?(?:[?#].*)?$/, '');
  const others = routes.filter((route) => fits(route, path)).map((route) => route.method);
  if (others.length === 0) return new Refusal(404, `there is no ${path}; ${STATUS_CODES[404]}`);
  const allow = [...new Set(others)].join(', ');
  return new Refusal(405, `${path} takes ${allow}, not ${method}`, { allow });
}

function fits({ path }: Route, asked: string): boolean {
  const pattern = path.replaceAll(/:\w+/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(asked);
}
