/** The args of a request as Spin Cycle's clients read them: by its spec, or by the schema of a chain's args. */
import { z } from 'zod';
import type { ChainDefinition } from '../definitions.ts';
import { requestArgs } from '../spec/requestArgs.ts';
import { kindsOf } from '../spec/types.ts';
import type { WireRequestArg, WireRequestSpec } from './wire.ts';

/** What a request of this type takes: required, then optional args, never static ones. */
export function requestSpec(chain: ChainDefinition): WireRequestSpec {
  const args = declared(chain).filter(({ Type }) => Type !== 'static');
  return { Name: chain.type, Args: args.map((arg) => ({ ...arg, Pos: 0 })) };
}

/** The args that a request was given, among all it takes; as they were given where its type is no more known. */
export function argsGiven(chain: ChainDefinition | undefined, args: unknown): WireRequestArg[] {
  const given = new Map(isRecord(args) ? Object.entries(args) : []);
  const known = chain === undefined ? [] : valuesOf(chain, given);
  const names = new Set(known.map(({ Name }) => Name));
  const others = [...given].filter(([name]) => !names.has(name));
  return [
    ...known,
    ...others.map(([Name, Value], Pos) => ({
      ...{ Pos, Name, Desc: '', Type: 'optional' as const, Given: true },
      ...{ Default: null, Value },
    })),
  ];
}

function valuesOf(chain: ChainDefinition, given: ReadonlyMap<string, unknown>): WireRequestArg[] {
  if (chain.spec !== undefined) return ofSpec(chain.spec, Object.fromEntries(given)) ?? [];
  return declared(chain).map((arg) => {
    const Given = given.has(arg.Name);
    return { ...arg, Desc: '', Given, Value: Given ? given.get(arg.Name) : arg.Default };
  });
}

/** Undefined where the spec has changed since, and the args fit it no more. */
function ofSpec(
  spec: NonNullable<ChainDefinition['spec']>,
  given: unknown,
): WireRequestArg[] | undefined {
  try {
    return requestArgs(spec, given).map(({ name, kind, position, isGiven, value, ...arg }) => ({
      ...{ Pos: position, Name: name, Desc: '', Type: kind, Given: isGiven },
      ...{ Default: (kind === 'optional' ? arg.default : undefined) ?? null, Value: value },
    }));
  } catch {
    return undefined;
  }
}

/** With what they are for and their defaults, without values. */
function declared({ spec, args }: ChainDefinition): WireRequestArg[] {
  if (spec === undefined) return ofSchema(args);
  const counts = { required: 0, optional: 0, static: 0 };
  return kindsOf(spec).map(({ kind, arg }) => ({
    ...{ Pos: counts[kind]++, Name: arg.name ?? '', Desc: arg.desc ?? '', Type: kind },
    ...{ Given: false, Default: (kind === 'optional' ? arg.default : undefined) ?? null },
    Value: null,
  }));
}

const describedSchema = z.object({
  properties: z
    .record(
      z.string(),
      z.looseObject({ description: z.string().optional(), default: z.unknown().optional() }),
    )
    .default({}),
  required: z.array(z.string()).default([]),
});

/** Of a chain that is code; none where its schema is not that of an object. */
function ofSchema(schema: z.ZodType): WireRequestArg[] {
  // What has no form in JSON Schema can still be named.
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const { properties, required } = describedSchema.parse(described);
  return (['required', 'optional'] as const).flatMap((Type) =>
    Object.entries(properties)
      .filter(([name]) => required.includes(name) === (Type === 'required'))
      .map(([Name, { description: Desc = '', default: value = '' }], Pos) => {
        const Default = Type === 'required' ? null : textOf(value);
        return { Pos, Name, Desc, Type, Given: false, Default, Value: null };
      }),
  );
}

/** Defaults are texts: clients show them, and read what is typed in their place. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
