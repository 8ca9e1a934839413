/** The OpenAPI document: current, whole, served, and true of what is answered. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { routes } from '../../src/api/routes.ts';
import { describeApi } from '../../src/describe.ts';
import { start } from '../cli/kit.ts';
import { openApiText } from '../kit/apiTexts.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { createApis } from './kit.ts';

const root = new URL('../../', import.meta.url);
const host = createApis();
const folder = tempFolder();

/** The parts that OpenAPI 3.1 requires, and those that we use. */
const contentSchema = z.record(z.string(), z.strictObject({ schema: z.looseObject({}) }));
const operationSchema = z.strictObject({
  operationId: z.string().regex(/^[a-z][A-Za-z]+$/),
  summary: z.string().min(1),
  parameters: z.array(
    z.strictObject({
      in: z.enum(['path', 'query']),
      name: z.string(),
      required: z.boolean(),
      description: z.string().optional(),
      schema: z.looseObject({ type: z.enum(['string', 'array']) }),
    }),
  ),
  requestBody: z.strictObject({ required: z.literal(true), content: contentSchema }).optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.strictObject({ description: z.string().min(1), content: contentSchema.optional() }),
  ),
});
const documentSchema = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'post', 'put']), operationSchema),
  ),
  components: z.strictObject({
    schemas: z.record(z.string(), z.looseObject({})),
    securitySchemes: z.looseObject({}),
  }),
  security: z.array(z.looseObject({})),
});

const own = describeApi();

function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { $ref } = value as { $ref?: unknown };
  return typeof $ref === 'string' ? [$ref] : Object.values(value).flatMap(refsIn);
}

test('openapi.json is current: npm run docs writes it', async () => {
  const text = readFileSync(new URL('openapi.json', root), 'utf8');
  expect(text).toBe(await openApiText(root));
});

test('it is an OpenAPI 3.1 document whose references all lead somewhere', () => {
  expect(documentSchema.safeParse(own).error?.issues).toBeUndefined();
  const { paths, components } = documentSchema.parse(own);
  const known = Object.keys(components.schemas).map((name) => `#/components/schemas/${name}`);
  const refs = refsIn(own);
  expect(refs.length).toBeGreaterThan(20);
  expect(refs.filter((ref) => !known.includes(ref))).toEqual([]);
  const ids = Object.values(paths).flatMap((verbs) =>
    Object.values(verbs).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(routes.length);
});

test('it is served as it is printed', async () => {
  const { ask } = await host(join(folder, 'served'));
  const { status, json } = await ask('GET /api/v1/openapi.json');
  expect(status).toBe(200);
  expect(json).toEqual(own);
  const { exitCode, stdout } = await start(['openapi'], folder);
  expect([exitCode, JSON.parse(stdout)]).toEqual([0, own]);
});
