/**
 * What the host answers over HTTP, on the control socket: a face of the link. Loaded when somebody first
 * asks; whatever else speaks HTTP to a host joins it here.
 */
import type { RequestListener } from 'node:http';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Link } from '../link.ts';
import { maxUserDataBytes } from '../protocol/envelope.ts';
import { MillraceError } from '../protocol/errors.ts';
import { createFollower } from './follower.ts';
import { problem, problemType, toProblem } from './problems.ts';
import { commands, commandSchema, querySchema, rejectedLimitSchema } from './wire.ts';
import { requeueSchema, retrySchema, sendSchema, startSchema } from './wire.ts';
import type { HostInfo, Rebuilt } from './wire.ts';

export type ControlTarget = {
  link: Link;
  info(): HostInfo;
  /** Makes the read models anew. */
  rebuild(): Promise<Rebuilt>;
  log: Logger;
};

/** An id of 200 bytes may be this long in a path. */
const maxParamLength = 600;

export async function createApp({
  link,
  info,
  rebuild,
  log,
}: ControlTarget): Promise<RequestListener> {
  const app = fastify({
    bodyLimit: maxUserDataBytes,
    routerOptions: { maxParamLength },
    // Args are the user's own; they are never merged into anything.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
  });
  app.setErrorHandler((thrown, _request, reply) => {
    const body = toProblem(thrown);
    if (body.code === undefined) log.error({ err: thrown }, 'an answer failed');
    return reply.code(body.status).type(problemType).send(body);
  });
  app.setNotFoundHandler(({ method, url }, reply) =>
    reply
      .code(404)
      .type(problemType)
      .send(problem(404, `there is no ${method} ${url}`, 'not-found')),
  );
  app.get('/host', info);
  app.post('/tracker/rebuild', rebuild);
  app.post('/reconcile', async () => ({ partitions: await link.reconcile() }));
  addRequests(app, link);
  addActors(app, link);
  addRejected(app, link);
  addFollowing(app, link);
  await app.ready();
  return (request, response) => {
    app.routing(request, response);
  };
}

type OfRequest = { Params: { id: string } };

function addRequests(app: FastifyInstance, link: Link): void {
  app.post('/requests', async ({ body }, reply) => {
    const { type, ...rest } = parse(startSchema, body);
    const requestId = await link.start({ ...rest, chain: type });
    return reply.code(201).send({ requestId });
  });
  app.get<OfRequest>('/requests/:id', ({ params }) => link.reader.status(params.id));
  app.post<OfRequest>('/requests/:id/retry', async ({ params, body }, reply) => {
    const requestId = await link.retry({ ...parse(retrySchema, body ?? {}), of: params.id });
    return reply.code(201).send({ requestId });
  });
  for (const [word, command] of Object.entries(commands)) {
    app.post<OfRequest>(`/requests/:id/${word}`, ({ params, body }) =>
      link.command(params.id, command, parse(commandSchema, body ?? {})),
    );
  }
}

function addActors(app: FastifyInstance, link: Link): void {
  app.post('/send', async ({ body }) => {
    const { address, event, ...options } = parse(sendSchema, body);
    return { answer: await link.send(address, event, options) };
  });
  app.post('/query', async ({ body }) => {
    const { address, name, args } = parse(querySchema, body);
    return { answer: await link.query(address, name, args) };
  });
}

function addRejected(app: FastifyInstance, { rejected }: Link): void {
  app.get('/rejected', ({ query }) => rejected.list(parse(rejectedLimitSchema, query).limit));
  app.get<OfRequest>('/rejected/:id', ({ params }) => rejected.show(params.id));
  app.post<OfRequest>('/rejected/:id/requeue', ({ params, body }) =>
    rejected.requeue(params.id, parse(requeueSchema, body ?? {}).body),
  );
  app.post<OfRequest>('/rejected/:id/drop', ({ params }) => rejected.drop(params.id));
}

function addFollowing(app: FastifyInstance, { news }: Link): void {
  const type = 'application/x-ndjson';
  app.get('/follow', (_request, reply) => reply.type(type).send(createFollower(news, undefined)));
  app.get<OfRequest>('/requests/:id/follow', ({ params }, reply) =>
    reply.type(type).send(createFollower(news, params.id)),
  );
}

/** The body as its schema reads it; MillraceError `usage` names every misfit. */
function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`,
  );
  throw new MillraceError('usage', `the body does not fit: ${problems.join('; ')}`);
}
