/** `k=v …` → the args of a chain: texts as given, or the JSON they spell where the chain wants no text. */
import type { ChainDefinition } from '../definitions.ts';
import { didYouMean } from '../gateway/suggest.ts';
import { MillraceError } from '../protocol/errors.ts';

/** Throws MillraceError `usage` for what is no pair, or comes twice. */
export function parsePairs(pairs: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new MillraceError(
        'usage',
        `"${pair}" is not of the form key=value; quote values that contain spaces`,
      );
    }
    const key = pair.slice(0, at);
    if (values.has(key)) throw new MillraceError('usage', `"${key}" is given twice; name it once`);
    values.set(key, pair.slice(at + 1));
  }
  return values;
}

/** Args that fit the chain's schema. Throws MillraceError `usage` naming every misfit. */
export async function toArgs(
  chain: ChainDefinition,
  pairs: ReadonlyMap<string, string>,
): Promise<unknown> {
  const given: Record<string, unknown> = Object.fromEntries(pairs);
  const asText = await chain.args.safeParseAsync(given);
  if (asText.success) return refuseUnknown(chain, given, asText.data);
  const misfits = new Set(asText.error.issues.map(({ path }) => String(path[0])));
  const coerced = Object.fromEntries(
    [...pairs].map(([key, text]) => [key, misfits.has(key) ? fromJson(text) : text]),
  );
  const asJson = await chain.args.safeParseAsync(coerced);
  if (asJson.success) return refuseUnknown(chain, coerced, asJson.data);
  const problems = asJson.error.issues.map((issue) => {
    const path = issue.path.join('.');
    const isMissing = issue.path.length === 1 && !pairs.has(path);
    return isMissing
      ? `${path} is missing (${path}=…)`
      : `${path === '' ? '' : `${path}: `}${issue.message}`;
  });
  throw new MillraceError('usage', `args of "${chain.type}" do not fit: ${problems.join('; ')}`);
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
    'usage',
    `"${type}" takes no "${unknown}"${didYouMean(unknown, keys)}; it takes ${keys.join(', ')}`,
  );
}

/** Throws MillraceError `usage` that names the types there are. */
export function chainOf(chains: readonly ChainDefinition[], type: string): ChainDefinition {
  const chain = chains.find((each) => each.type === type);
  if (chain !== undefined) return chain;
  const types = chains.map((each) => each.type);
  const known =
    types.length === 0
      ? 'no chain is defined: list yours in millrace.config.ts, or name another with --config FILE'
      : `there ${types.length === 1 ? 'is' : 'are'} ${types.join(', ')}`;
  throw new MillraceError(
    'usage',
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
