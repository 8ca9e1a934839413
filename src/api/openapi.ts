/** The OpenAPI 3.1 document of a table of routes, made of the very schemas that they answer in. Pure. */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { Route } from './ask.ts';
import * as wire from './wire.ts';

/** Parts that several routes have, by their names in the document. */
const components = {
  CreateRequest: wire.createRequestSchema,
  Error: wire.errorSchema,
  Job: wire.jobSchema,
  JobChain: wire.jobChainSchema,
  JobLog: wire.jobLogSchema,
  Progress: wire.progressSchema,
  Refusal: wire.refusalSchema,
  Request: wire.requestSchema,
  RequestArg: wire.requestArgSchema,
  RequestSpec: wire.requestSpecSchema,
  RunningStatus: wire.runningStatusSchema,
  Transition: wire.transitionSchema,
} as const satisfies Record<string, z.ZodType>;

/** Of every route: who is not known, and what nobody expected. */
const always = [401, 500, 503];

/** The document, as JSON; `version` is of this program. */
export function openApi(routes: readonly Route[], version: string): object {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(components)) registry.add(schema, { id });
  const uri = (id: string): string => `#/components/schemas/${id}`;
  const { schemas } = z.toJSONSchema(registry, { uri, override: plain });
  const paths = new Map<string, Record<string, object>>();
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    const verbs = { ...paths.get(path), [route.method.toLowerCase()]: operationOf(route) };
    paths.set(path, verbs);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'millrace',
      version,
      description:
        'Requests over HTTP, in the shapes of Spin Cycle. Every answer has the header X-Spincycle-Version. Status codes are those of an API without `compatibility`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: Object.fromEntries(paths),
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([id, each]) => [id, bare(each)])),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
    security: [{}, { bearer: [] }],
  };
}

function operationOf(route: Route): object {
  const { method, path, about, query = {}, body, errors = [] } = route;
  const statuses = [...new Set([...errors, ...always])].sort((a, b) => a - b);
  return {
    operationId: idOf(method, path),
    summary: about,
    parameters: [
      ...[...path.matchAll(/:(\w+)/g)].map(([, name = '']) => parameter('path', name)),
      ...Object.entries(query).map(([name, description]) => parameter('query', name, description)),
    ],
    ...(body !== undefined && { requestBody: { required: true, ...json(body) } }),
    responses: Object.fromEntries([
      ...(errors.includes(405) ? [] : [[route.status, success(route)] as const]),
      ...statuses.map((status) => [status, failure(status)] as const),
    ]),
  };
}

/** `getRequestsIdLog`, from its verb and the words of its path. */
function idOf(method: string, path: string): string {
  const words = path.replace('/api/v1/', '/').match(/[A-Za-z]+/g) ?? [];
  const rest = words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
  return [method.toLowerCase(), ...rest].join('');
}

function parameter(place: 'path' | 'query', name: string, description?: string): object {
  const isList = name === 'state' || name === 'arg';
  const text = { type: 'string' };
  return {
    ...{ in: place, name, required: place === 'path' },
    ...(description !== undefined && { description }),
    schema: isList ? { type: 'array', items: text } : text,
  };
}

function success({ status, answer }: Route): object {
  const description = STATUS_CODES[status] ?? '';
  if (answer === undefined) return { description };
  if (answer === 'text') return { description, content: { 'text/plain': { schema: text } } };
  if (answer === 'events')
    return { description, content: { 'text/event-stream': { schema: text } } };
  return { description, ...json(answer) };
}

const text = { type: 'string' };

/** Handlers say which request and which code, what refuses before them a message alone. */
function failure(status: number): object {
  const isBefore = status === 401 || status === 405 || status === 413;
  return {
    description: STATUS_CODES[status] ?? '',
    ...json(isBefore ? wire.refusalSchema : wire.errorSchema),
  };
}

function json(schema: z.ZodType): object {
  return { content: { 'application/json': { schema: named(schema) } } };
}

/** By its name where it has one; lists of such, and null in place of one, are spelled out. */
function named(schema: z.ZodType): object {
  const [id] = Object.entries(components).find(([, each]) => each === schema) ?? [];
  if (id !== undefined) return { $ref: `#/components/schemas/${id}` };
  if (schema instanceof z.ZodNullable)
    return { oneOf: [named(inner(schema.unwrap())), { type: 'null' }] };
  if (schema instanceof z.ZodArray) return { type: 'array', items: named(inner(schema.element)) };
  return bare(z.toJSONSchema(schema, { override: plain }));
}

/** A cast: what zod's own classes hold is of the core's type. */
function inner(schema: z.core.$ZodType): z.ZodType {
  return schema as z.ZodType;
}

/** Leaves out what zod adds to say again what type and format say. */
function plain({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

function bare(schema: object): object {
  const { $schema: _, $id: _id, ...rest } = schema as Record<string, unknown>;
  return rest;
}
