/**
 * What somebody asks for in words: a chain by its type, args as the texts of a command line, which are
 * read as the JSON they spell where the chain wants no text.
 */
import type { ChainDefinition, JobDefinition } from '../definitions.ts';
import type { Blobs } from '../ports/blobs.ts';
import { MillraceError } from '../protocol/errors.ts';
import { planChain } from './plan.ts';
import { sentPlan } from './sentPlan.ts';
import type { PlanToSend } from './sentPlan.ts';
import { didYouMean } from './suggest.ts';

/**
 * Args that fit the chain's schema; `base`: those that are not given as texts. Throws MillraceError `plan`
 * naming every misfit.
 */
export async function toArgs(
  chain: ChainDefinition,
  pairs: ReadonlyMap<string, string>,
  base: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const given: Record<string, unknown> = { ...base, ...Object.fromEntries(pairs) };
  const asText = await chain.args.safeParseAsync(given);
  if (asText.success) return refuseUnknown(chain, given, asText.data);
  const misfits = new Set(asText.error.issues.map(({ path }) => String(path[0])));
  const texts = [...pairs].map(
    ([key, text]) => [key, misfits.has(key) ? fromJson(text) : text] as const,
  );
  const coerced = { ...base, ...Object.fromEntries(texts) };
  const asJson = await chain.args.safeParseAsync(coerced);
  if (asJson.success) return refuseUnknown(chain, coerced, asJson.data);
  const problems = asJson.error.issues.map((issue) => {
    const path = issue.path.join('.');
    const isMissing = issue.path.length === 1 && !pairs.has(path);
    return isMissing
      ? `${path} is missing (${path}=…)`
      : `${path === '' ? '' : `${path}: `}${issue.message}`;
  });
  throw new MillraceError('plan', `args of "${chain.type}" do not fit: ${problems.join('; ')}`);
}

/** A schema drops the keys that it does not know; a person who mistyped one must be told. */
function refuseUnknown(
  { type, args }: ChainDefinition,
  given: Record<string, unknown>,
  parsed: unknown,
): Record<string, unknown> {
  if (!('shape' in args) || typeof parsed !== 'object' || parsed === null) return given;
  const keys = Object.keys(args.shape as object);
  const unknown = Object.keys(given).find((key) => !keys.includes(key) && !(key in parsed));
  if (unknown === undefined) return given;
  throw new MillraceError(
    'plan',
    `"${type}" takes no "${unknown}"${didYouMean(unknown, keys)}; it takes ${keys.join(', ')}`,
  );
}

/** Throws MillraceError `plan` that names the types there are. */
export function chainOf(chains: readonly ChainDefinition[], type: string): ChainDefinition {
  const chain = chains.find((each) => each.type === type);
  if (chain !== undefined) return chain;
  const types = chains.map((each) => each.type);
  const known =
    types.length === 0
      ? 'no chain is defined: list yours in millrace.config.ts, or name another with --config FILE'
      : `there ${types.length === 1 ? 'is' : 'are'} ${types.join(', ')}`;
  throw new MillraceError(
    'plan',
    `no chain has the type "${type}"${didYouMean(type, types)}; ${known}`,
  );
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The body of `chain.create` without the request's own fields. Rejects with MillraceError `plan`. */
export async function planAsked(
  {
    chain,
    args,
    texts,
  }: { chain: ChainDefinition | string; args?: unknown; texts?: Readonly<Record<string, string>> },
  {
    chains,
    jobs,
    blobs,
    suspendedTtlMs,
  }: {
    chains: readonly ChainDefinition[];
    jobs: ReadonlyMap<string, JobDefinition>;
    blobs: Blobs;
    suspendedTtlMs?: number | undefined;
  },
): Promise<{ plan: PlanToSend; requestType: string; args: unknown; suspendedTtlMs?: number }> {
  const definition = typeof chain === 'string' ? chainOf(chains, chain) : chain;
  const given =
    texts === undefined ? args : await toArgs(definition, new Map(Object.entries(texts)));
  return {
    plan: await sentPlan(await planChain(definition, given, jobs), blobs),
    requestType: definition.type,
    args: given,
    ...(suspendedTtlMs !== undefined && { suspendedTtlMs }),
  };
}
