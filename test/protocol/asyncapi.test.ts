/** The AsyncAPI document: current, whole, and with what a configuration adds. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { builtInActors } from '../../actors/index.ts';
import { toConfig } from '../../src/config.ts';
import { defineChain, defineJob } from '../../src/definitions.ts';
import { describeMessages } from '../../src/describe.ts';
import { exchanges } from '../../src/protocol/topology.ts';
import { news } from '../../src/protocol/transitions.ts';
import { fixture, start } from '../cli/kit.ts';
import { asyncApiText } from '../kit/apiTexts.ts';
import { taskActor } from '../kit/taskActor.ts';

const root = new URL('../../', import.meta.url);

type Json = Readonly<Record<string, unknown>>;
type Ref = { $ref: string };

/** The parts that AsyncAPI 3.0 requires, or that tools look for. */
const refSchema = z.object({ $ref: z.string().startsWith('#/') });
const name = z.string().regex(/^[A-Za-z0-9._-]+$/);
const documentSchema = z.strictObject({
  asyncapi: z.literal('3.0.0'),
  info: z.looseObject({ title: z.string().min(1), version: z.string().min(1) }),
  defaultContentType: z.literal('application/json'),
  channels: z.record(
    name,
    z.strictObject({
      address: z.string().min(1).nullable(),
      title: z.string(),
      description: z.string(),
      messages: z.record(name, refSchema),
      bindings: z.strictObject({ amqp: z.looseObject({ is: z.enum(['queue', 'routingKey']) }) }),
    }),
  ),
  operations: z.record(
    name,
    z.strictObject({
      action: z.enum(['send', 'receive']),
      title: z.string(),
      channel: refSchema,
      messages: z.array(refSchema).min(1),
      reply: z
        .strictObject({
          address: z.strictObject({
            location: z.string().regex(/^\$message\.(header|payload)#(\/.+)*/),
          }),
          channel: refSchema,
        })
        .optional(),
    }),
  ),
  components: z.strictObject({
    messages: z.record(
      name,
      z.strictObject({
        name: z.string(),
        title: z.string(),
        summary: z.string(),
        contentType: z.string(),
        headers: z.looseObject({}).optional(),
        payload: z.looseObject({}),
        bindings: z.looseObject({}),
      }),
    ),
  }),
});

/** What a `$ref` names. */
function resolve(document: unknown, { $ref }: Ref): unknown {
  return $ref
    .slice(2)
    .split('/')
    .reduce<unknown>((at, part) => (at as Json | undefined)?.[part], document);
}

function refsIn(value: unknown): Ref[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('$ref' in value) return [value as Ref];
  return Object.values(value).flatMap(refsIn);
}

const own = describeMessages(toConfig({}));

describe('asyncapi.json', () => {
  it('is current: npm run docs writes it', async () => {
    const text = readFileSync(new URL('asyncapi.json', root), 'utf8');
    expect(text).toBe(await asyncApiText(root));
  });

  it('is an AsyncAPI 3.0 document whose references all lead somewhere', () => {
    expect(documentSchema.safeParse(own).error?.issues).toBeUndefined();
    const lost = refsIn(own).filter((ref) => resolve(own, ref) === undefined);
    expect(lost).toEqual([]);
  });

  it('has every message of the built-in actors and every exchange that others use', () => {
    const { channels, components } = documentSchema.parse(own);
    const types = new Set(Object.values(components.messages).map((message) => message.name));
    const accepted = builtInActors.flatMap(({ accepts }) => Object.keys(accepts));
    // A host says that one to its own actors.
    expect(accepted.filter((type) => !types.has(type))).toEqual(['attempt.held']);
    const addresses = Object.values(channels).map(({ address }) => address);
    for (const each of [
      'commands',
      'partitions',
      'results',
      'jobs',
      'control',
      'transitions',
    ] as const)
      expect(addresses).toContain(exchanges[each]);
    expect(addresses).toContain('millrace.rejected');
    const told = Object.keys(channels['transitions']?.messages ?? {});
    expect(told.toSorted()).toEqual(Object.values(news).toSorted());
  });

  it('holds bodies to the schemas that check them', () => {
    expect(resolve(own, { $ref: '#/components/messages/attempt.failed/payload' })).toMatchObject({
      type: 'object',
      required: ['key', 'attempt', 'reason'],
      properties: { data: { type: 'object' }, retryAfterMs: { type: 'number', minimum: 0 } },
    });
    expect(resolve(own, { $ref: '#/components/messages/request.create/payload' })).toMatchObject({
      required: ['requestType'],
      additionalProperties: false,
    });
    expect(resolve(own, { $ref: '#/components/messages/chain/payload' })).toMatchObject({
      required: ['requestId', 'requestType', 'from', 'to', 'seq', 'at'],
    });
  });
});

describe('the document of a configuration', () => {
  const node = z.object({
    get children() {
      return z.array(node);
    },
  });
  const work = defineJob({ type: 'work', args: z.object({ at: z.date() }), run: () => undefined });
  const tree = defineChain({ type: 'tree', args: node, plan: () => undefined });
  const flat = defineChain({ type: 'flat', args: z.object({ n: z.int() }), plan: () => undefined });
  const document = describeMessages(
    toConfig({ jobs: [work], chains: [flat, tree], actors: [taskActor()], prefix: 'shop' }),
  );

  it('has its chains, jobs and actors, under its prefix', () => {
    expect(documentSchema.safeParse(document).error?.issues).toBeUndefined();
    const { channels, components } = documentSchema.parse(document);
    expect(channels['commands']?.address).toBe('shop.commands');
    expect(components.messages['request.create-flat']?.payload).toMatchObject({
      properties: { requestType: { const: 'flat' }, args: { properties: { n: {} } } },
    });
    expect(components.messages['attempt.start-work']?.payload).toMatchObject({
      properties: { jobType: { const: 'work' } },
    });
    expect(components.messages['task.poke-task']?.payload).toMatchObject({
      properties: { by: { type: 'number' }, address: { type: 'string' } },
    });
  });

  it('leaves open what a JSON Schema cannot say', () => {
    const args = { $ref: '#/components/messages/request.create-tree/payload/properties/args' };
    expect(resolve(document, args)).toEqual({
      description: 'A JSON Schema cannot say what fits here.',
    });
  });

  it('is printed by millrace asyncapi', async () => {
    const { stdout } = await start(['--config', fixture, 'asyncapi']);
    expect(documentSchema.safeParse(JSON.parse(stdout)).success).toBe(true);
    expect(stdout).toContain('"request.create-gate"');
  });
});
