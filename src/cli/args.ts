/** `k=v …` of a command line, as texts by key; what they mean is the chain's to say (gateway/asked.ts). */
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
